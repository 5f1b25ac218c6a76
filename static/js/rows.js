// The rows of the list, and those of the call-back queue, which are one for each caller.

import { gettext } from './i18n.js';
import { markFresh, morph } from './morph.js';

// Of the list, or of the call-back queue.
export const ROW = '#list [data-call-id], #callers > li';

export function rowsIn(page) {
  return [...page.querySelectorAll(ROW)];
}

export function rowOf(id, page = document) {
  return page.getElementById(`call-${id}`);
}

// Draws the rows of these calls from `page`; a call without a row there is marked gone. Returns the changed ids.
export function drawRows(ids, page) {
  const changed = ids.filter((id) => drawRow(rowOf(id), rowOf(id, page)));
  document.dispatchEvent(new CustomEvent('callboard:drawn', { detail: { isWhole: false } }));
  return changed;
}

// Marks the row of a call that was deleted: still readable, but without controls.
export function markGone(row) {
  row.dataset.gone = '';
  row.querySelector('[data-row-state]').textContent = gettext('Deleted');
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
  // The link's cursor may differ; it leads to the same call.
  copy.querySelector('a').setAttribute('href', wanted.querySelector('a').getAttribute('href'));
  copy.querySelector('a').removeAttribute('aria-current'); // which call is open is not part of it either
  copy.querySelector('[data-viewers]').replaceChildren(); // presence is not part of the call
  return copy.isEqualNode(wanted);
}
