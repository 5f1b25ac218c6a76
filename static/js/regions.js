// Draws the regions of a fetched page into the current page.

import { callsChangedSince } from './change-history.js';
import { morph } from './morph.js';
import { drawWishes } from './optimism.js';
import { refreshRows } from './row-refresh.js';
import { rowOf } from './rows.js';
import { isCurrent } from './same-browser.js';

// `sent` is a submitted form. A form with data-own-region is redrawn only by its own response.
export function drawPage({ page, positionBefore, beganAt }, { sent = null, except = null } = {}) {
  if (!isCurrent(page)) return;
  drawWishes(page, beganAt);
  drawRegions(page, sent?.matches('[data-own-region]') ? `[data-region], #${sent.id}` : '[data-region]', except);
  document.title = page.title;
  document.documentElement.dataset.zone = page.documentElement.dataset.zone;
  takePosition(page, positionBefore);
  // These changed while the page was being fetched, so their rows may be outdated.
  refreshRows(callsChangedSince(beganAt).filter((id) => rowOf(id)));
  const detail = { isWhole: except === null, beganAt };
  document.dispatchEvent(new CustomEvent('callboard:drawn', { detail }));
}

// Redraws the regions that exist in both pages.
export function drawRegions(page, selector = '[data-region]', except = null) {
  for (const region of document.querySelectorAll(selector)) {
    const wanted = page.getElementById(region.id);
    if (wanted && region.id !== except) morph(region, wanted);
  }
}

// Whether `page` is a newer version of the current page, and not an error page.
export function isSamePage(page) {
  return page.body.dataset.page === document.body.dataset.page;
}

// If an event moved the stream position during the request, that position is newer than the page's.
function takePosition(page, positionBefore) {
  const { dataset } = document.body;
  if (positionBefore && dataset.position === positionBefore) dataset.position = page.body.dataset.position;
}
