// Reads the page that is shown again, quietly: nothing moves under the pointer, nothing typed is lost.

import { compareLists } from './list-difference.js';
import { showNotice } from './notices.js';
import { pullRows } from './pull-rows.js';
import { rememberChange } from './recent-changes.js';
import { drawPage, isSamePage } from './regions.js';
import { NoAnswerError, passOverNoAnswer, read } from './requests.js';
import { drawRows, rowsIn } from './rows.js';
import { inBackground } from './turns.js';

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

let waiting = null;
let isWholeWanted = false;

// `isWhole`: the list too is drawn as it was read, rows coming and going; else its rows only change in place.
// Rejects with NoAnswerError when the page could not be read.
export function refresh({ isWhole = false } = {}) {
  isWholeWanted ||= isWhole;
  waiting ??= inBackground(begin, draw);
  return waiting;
}

// Tries again until the page has been read.
export async function refreshSurely() {
  for (let delay = FIRST_RETRY_MS; ; delay = Math.min(delay * 2, LAST_RETRY_MS)) {
    try {
      return await refresh();
    } catch (error) {
      passOverNoAnswer(error);
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
}

// From here on, who asks for a refresh means a later one.
function begin() {
  waiting = null;
  return read(location.href);
}

function draw(answer) {
  const isWhole = isWholeWanted || document.body.dataset.page !== 'list';
  isWholeWanted = false;
  if (!answer) return;
  if (!isSamePage(answer.page)) reportError(answer);
  else if (isWhole) drawPage(answer);
  else drawListCalmly(answer);
}

function drawListCalmly(answer) {
  const idsOf = (page) => rowsIn(page).map((row) => row.dataset.callId);
  const { isSame, kept, gone, between } = compareLists(idsOf(document), idsOf(answer.page));
  const isBlank = kept.length + gone.length === 0;
  if (isSame || isBlank) {
    drawPage(answer);
    return;
  }
  between.forEach(rememberChange);
  drawPage(answer, { except: 'list' });
  drawRows(kept, answer.page);
  pullRows(gone);
}

// A call that no longer exists stays to be read, but not without a word; anything else is worth another try.
function reportError({ response, page }) {
  if (response.status !== 404) throw new NoAnswerError(`The page came with status ${response.status}.`);
  showNotice(page.getElementById('error-message').textContent, { isError: true });
}
