// Handles call events. A list's page gets the rendered row with them. Everything else is requested from the server, as
// are rows that came without, or in a language or time zone that the page no longer has.

import { announceUpdated } from './announcer.js';
import { recordChange } from './change-history.js';
import { requestPageRefresh, takeCounts } from './counts.js';
import { refreshWithRetry } from './refresh.js';
import { drawPushedRow, refreshRows } from './row-refresh.js';
import { markGone, rowOf } from './rows.js';
import { isWished, noteState } from './wishes.js';

const QUEUE_MS = 500;

export async function handleCallChanged({ call, isNew, html = null, counts = null, today }) {
  const { id } = call;
  recordChange(id);
  noteState(id, call.is_archived);
  if (isPageOf(id)) {
    await refreshWithRetry();
    announceUpdated([id]);
  } else if (isQueueChanged(call, counts)) {
    requestPageRefresh(QUEUE_MS);
  } else if (isPartOfPage(call)) {
    requestPageRefresh();
  } else {
    takeCounts(id, call, counts && { ...counts, today });
    if (isWished(id)) return; // the row is drawn again after the answer
    if (!isNew) announceUpdated([id], { isShown: false });
    if (rowOf(id) && html !== null) drawPushedRow(id, html);
    else if (rowOf(id)) refreshRows([id]);
  }
}

export async function handleCallRemoved({ id, counts = null, today }) {
  if (document.getElementById('list')) takeCounts(id, null, counts && { ...counts, today });
  else requestPageRefresh();
  const row = rowOf(id);
  if (row) {
    markGone(row);
    announceUpdated([id]);
  } else if (isPageOf(id)) await refreshWithRetry();
}

// Whether the queue is shown and may change: more or fewer wait, somebody was not answered, or the call is with a caller
// who is shown. A false match costs one unnecessary request.
function isQueueChanged({ from, to, call_type: type }, counts) {
  const queue = document.getElementById('queue');
  const isShown = (text) => queue.innerHTML.includes(lastDigits(text));
  return queue && (type !== 'answered' || `${counts?.callers}` !== queue.dataset.waiting || [from, to].some(isShown));
}

// The insights depend on all calls; the pages of a call and of a caller list calls with their number.
function isPartOfPage({ from, to }) {
  const number = document.querySelector('#context, #caller')?.dataset.number;
  return document.getElementById('insights') ?? (number && [from, to].map(lastDigits).includes(lastDigits(number)));
}

// All spellings of a number have these in common.
function lastDigits(text) {
  return `${text}`.replace(/\D/g, '').slice(-7);
}

function isPageOf(id) {
  return document.getElementById('call')?.dataset.callId === id;
}
