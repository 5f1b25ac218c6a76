// Refreshes the page in place: no row moves under the pointer, no typed text is lost.

import { announce } from './announcer.js';
import { recordChange } from './change-history.js';
import { morph } from './morph.js';
import { showNotice } from './notices.js';
import { drawWishes } from './optimism.js';
import { drawPage, isSamePage } from './regions.js';
import { enqueueBackgroundRequest } from './request-queue.js';
import { NoResponseError, ignoreNoResponse, read } from './requests.js';
import { refreshRows } from './row-refresh.js';
import { drawRows, rowsIn } from './rows.js';

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

let waiting = null;
let isWholeWanted = false;
let filling = null;

// `isWhole`: the list is redrawn, too; otherwise its rows change only in place, and none is added or removed.
// Rejects with NoResponseError.
export function refresh({ isWhole = false } = {}) {
  isWholeWanted ||= isWhole;
  waiting ??= enqueueBackgroundRequest(begin, draw);
  return waiting;
}

// Fills up the list from the place that its pages are counted from: rows are added at its end, and none moves.
// Rejects with NoResponseError.
export function refill() {
  filling ??= enqueueBackgroundRequest(() => {
    filling = null;
    return read(placeAddress());
  }, drawFilled);
  return filling;
}

// Retries with exponential backoff until the refresh succeeds.
export async function refreshWithRetry() {
  for (let delay = FIRST_RETRY_MS; ; delay = Math.min(delay * 2, LAST_RETRY_MS)) {
    try {
      return await refresh();
    } catch (error) {
      ignoreNoResponse(error);
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
}

// A refresh that is requested from now on needs a new request.
function begin() {
  waiting = null;
  return read(location.href);
}

function draw(answer) {
  const isWhole = isWholeWanted || document.body.dataset.page !== 'list';
  isWholeWanted = false;
  if (!answer) return;
  const before = whoWaits();
  if (!isSamePage(answer.page)) reportError(answer);
  else if (isWhole) drawPage(answer);
  else drawListInPlace(answer);
  if (whoWaits() !== before) announce(whoWaits());
}

// In the queue's own words: more or fewer callers.
function whoWaits() {
  return document.getElementById('queue')?.dataset.announcement;
}

function drawFilled(answer) {
  if (answer && isSamePage(answer.page)) drawPage(answer);
}

// The counts are asked of the same place.
function placeAddress() {
  const { searchParams } = new URL(document.getElementById('list').dataset.countsUrl, location.href);
  const address = new URL(location.href);
  address.search = searchParams;
  return address.href;
}

function drawListInPlace(answer) {
  drawWishes(answer.page, answer.beganAt);
  const idsOf = (page) => rowsIn(page).map((row) => row.dataset.callId);
  const { isSame, kept, gone, between } = compareLists(idsOf(document), idsOf(answer.page));
  const isBlank = kept.length + gone.length === 0;
  if (isSame || isBlank) {
    drawPage(answer);
    return;
  }
  between.forEach(recordChange);
  drawPage(answer, { except: 'list' });
  for (const heading of document.querySelectorAll('.day__heading')) {
    const wanted = answer.page.getElementById(heading.parentElement.id)?.querySelector('.day__heading');
    if (wanted) morph(heading, wanted);
  }
  drawRows(kept, answer.page);
  refreshRows(gone);
}

// 404: the call was deleted. It stays on the page, with a message. Other errors are retried.
function reportError({ response, page }) {
  if (response.status !== 404) throw new NoResponseError(`The page came with status ${response.status}.`);
  showNotice(page.getElementById('error-message').textContent, { isError: true });
}

// `kept` are in both lists, `gone` only in the shown one. `between` are new and precede the last kept one; new
// ones after it only moved up from the next page.
export function compareLists(shown, read) {
  const wasShown = new Set(shown);
  const wasRead = new Set(read);
  const lastKept = read.findLastIndex((id) => wasShown.has(id));
  return {
    isSame: shown.length === read.length && shown.every((id, index) => id === read[index]),
    kept: shown.filter((id) => wasRead.has(id)),
    gone: shown.filter((id) => !wasRead.has(id)),
    between: read.slice(0, lastKept === -1 ? read.length : lastKept).filter((id) => !wasShown.has(id)),
  };
}
