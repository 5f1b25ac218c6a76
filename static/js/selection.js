// Row selection: all, a range with Shift, and the number of selected rows.

import { ngettext } from './i18n.js';

let lastTicked = null;

export function enhanceSelection() {
  const form = document.getElementById('calls-form');
  form.addEventListener('click', ({ target, shiftKey }) => {
    if (target.name === 'ids') tickRange(target, shiftKey);
  });
  form.addEventListener('change', ({ target }) => {
    if (target.id === 'pick-all') for (const box of boxes()) box.checked = target.checked;
    count();
  });
  // Enter on a checkbox would submit the form, and so archive the selected calls.
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.target.type !== 'checkbox') return;
    event.preventDefault();
    event.target.click();
  });
  form.addEventListener('callboard:sent', ({ detail }) => {
    // A row's button acts on that row alone, so the selection is kept.
    if (detail.button.closest('[data-call-id]')) return;
    for (const box of boxes()) box.checked = false;
    count();
  });
  form.addEventListener('reset', () => setTimeout(count)); // the browser resets the boxes after this event
  document.addEventListener('callboard:drawn', count);
  count();
}

function tickRange(box, isRange) {
  const all = boxes();
  const ends = [all.indexOf(lastTicked), all.indexOf(box)].sort((a, b) => a - b);
  if (isRange && ends[0] >= 0) {
    for (const between of all.slice(ends[0], ends[1] + 1)) between.checked = box.checked;
  }
  lastTicked = box;
}

function count() {
  const all = boxes();
  const ticked = all.filter((box) => box.checked).length;
  const output = document.getElementById('picked-count');
  const pickAll = document.getElementById('pick-all');
  if (!output || !pickAll) return;
  output.textContent = ngettext('%(number)s selected', '%(number)s selected', ticked);
  pickAll.checked = ticked > 0 && ticked === all.length;
  pickAll.indeterminate = ticked > 0 && ticked < all.length;
}

function boxes() {
  return [...document.querySelectorAll('#list [name=ids]:enabled')];
}
