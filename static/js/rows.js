// The rows of the list: which calls are shown, and how one of them takes its new state.

import { markFresh, morph } from './morph.js';
import { gettext } from './words.js';

export function rowsIn(page) {
  return [...page.querySelectorAll('#list [data-call-id]')];
}

export function rowOf(id, page = document) {
  return page.getElementById(`call-${id}`);
}

// Draws these calls as they stand in `page`; one that is not in it is gone. Gives the ids of what changed.
export function drawRows(ids, page) {
  const changed = ids.filter((id) => drawRow(rowOf(id), rowOf(id, page)));
  document.dispatchEvent(new CustomEvent('callboard:drawn', { detail: { isWhole: false } }));
  return changed;
}

// The call is no longer in the list of anybody: it can be read here still, and nothing can be done with it.
export function markGone(row) {
  row.dataset.gone = '';
  row.querySelector('[data-row-state]').textContent = gettext('No longer there');
  row.querySelector('[name=ids]').checked = false;
  for (const control of row.querySelectorAll('input, button')) control.disabled = true;
}

function drawRow(row, wanted) {
  if (!row) return false;
  if (!wanted) {
    const isNews = !('gone' in row.dataset);
    markGone(row);
    return isNews;
  }
  if (isDrawn(row, wanted)) return false;
  morph(row, wanted);
  markFresh(row);
  return true;
}

function isDrawn(row, wanted) {
  const copy = row.cloneNode(true);
  delete copy.dataset.fresh;
  // The way to the call may start from another top by now, and leads there all the same.
  copy.querySelector('a').setAttribute('href', wanted.querySelector('a').getAttribute('href'));
  copy.querySelector('[data-viewers]').replaceChildren(); // who looks at it is no part of the call
  return copy.isEqualNode(wanted);
}
