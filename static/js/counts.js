// Updates the counts in the page head, tabs and title, and the link to new calls, so that rows never move by
// themselves. The server counts; changes are batched into one request. A page that consists of counts
// (insights, a call with other calls of its number) is refreshed as a whole.

import { callsAddress } from './addresses.js';
import { announce } from './announcer.js';
import { callsChangedSince } from './change-history.js';
import { gettext } from './i18n.js';
import { morph } from './morph.js';
import { refresh } from './refresh.js';
import { drawRegions } from './regions.js';
import { enqueueBackgroundRequest } from './request-queue.js';
import { NoResponseError, ignoreNoResponse, read } from './requests.js';
import { rowOf } from './rows.js';

const BATCH_MS = 1000;
const RETRY_MS = 5000;
const PAGE_MS = 3000;

let timer = null;
let isPageWanted = false;
let listReadAt = 0;

// A list drawn as a whole contains all calls up to its request; any other may lack new ones.
export function followCounts() {
  document.addEventListener('callboard:drawn', ({ detail }) => {
    if (detail.isWhole) listReadAt = detail.beganAt;
    else if (detail.beganAt) requestCounts();
  });
}

export function requestPageRefresh() {
  isPageWanted = true;
  requestCounts(PAGE_MS);
}

// Not during the first full sync: the page is refreshed repeatedly then (progress.js).
export function requestCounts(delay = BATCH_MS) {
  if (!document.querySelector('[data-syncing]')) timer ??= setTimeout(pull, delay);
}

async function pull() {
  timer = null;
  const isPage = isPageWanted;
  isPageWanted = false;
  try {
    await (isPage ? refresh() : enqueueBackgroundRequest(readAnswer, draw));
  } catch (error) {
    ignoreNoResponse(error);
    isPageWanted ||= isPage;
    requestCounts(RETRY_MS);
  }
}

async function readAnswer() {
  const ids = callsChangedSince(listReadAt).filter((id) => !rowOf(id));
  // A call's page has no list; `counts` is relative to /calls/<id>.
  const path = document.getElementById('list')?.dataset.countsUrl ?? 'counts';
  const answer = await read(callsAddress(path, location.href, ids));
  if (answer === null || answer.response.ok) return answer;
  throw new NoResponseError(`The counts came with status ${answer.response.status}.`);
}

function draw(answer) {
  if (!answer) return;
  const { page } = answer;
  drawRegions(page);
  const { missed } = page.getElementById('page-head').dataset;
  document.title = document.title.replace(/^(\(\d+\) )?/, missed > 0 ? `(${missed}) ` : '');
  if (document.getElementById('list')) drawLink(page.getElementById('new-calls'));
}

function drawLink(wanted) {
  const link = document.getElementById('new-calls');
  if (link) {
    if (link.hidden && !wanted.hidden) announce(gettext('New calls available.'));
    morph(link, wanted);
  } else if (!wanted.hidden) {
    refresh({ isWhole: true }).catch(ignoreNoResponse); // an empty list has no rows that could move
  }
}
