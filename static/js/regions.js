// Takes the regions of a page that was read into the page that is shown.

import { morph } from './morph.js';
import { pullRows } from './pull-rows.js';
import { changedSince } from './recent-changes.js';
import { rowOf } from './rows.js';

// The answer to a form also redraws the form, should that be a region of the user's own.
export function drawPage({ page, positionBefore, beganAt }, { sent = null, except = null } = {}) {
  drawRegions(page, sent?.matches('[data-own-region]') ? `[data-region], #${sent.id}` : '[data-region]', except);
  document.title = page.title;
  document.documentElement.dataset.zone = page.documentElement.dataset.zone;
  takePosition(page, positionBefore);
  // News of a call that had no row yet came to nothing, and the page may have been rendered before them.
  pullRows(changedSince(beganAt).filter((id) => rowOf(id)));
  const detail = { isWhole: except === null, beganAt };
  document.dispatchEvent(new CustomEvent('callboard:drawn', { detail }));
}

// Of the regions that are shown, those that `page` has too.
export function drawRegions(page, selector = '[data-region]', except = null) {
  for (const region of document.querySelectorAll(selector)) {
    const wanted = page.getElementById(region.id);
    if (wanted && region.id !== except) morph(region, wanted);
  }
}

// Whether this is the page that is shown, read anew, and not an error in its place.
export function isSamePage(page) {
  return page.body.dataset.page === document.body.dataset.page;
}

// An event that came while the page was read may be newer than the page: then its position stands.
function takePosition(page, positionBefore) {
  const { dataset } = document.body;
  if (positionBefore && dataset.position === positionBefore) dataset.position = page.body.dataset.position;
}
