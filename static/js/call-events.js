// Handles call events. An event says only that a call changed; the HTML is then requested from the server.

import { announceUpdated } from './announcer.js';
import { recordChange } from './change-history.js';
import { requestCounts, requestPageRefresh } from './counts.js';
import { refreshWithRetry } from './refresh.js';
import { refreshRows } from './row-refresh.js';
import { markGone, rowOf } from './rows.js';

// A call without a row may still belong in the list now. Only the server knows, so the counts are requested.
export async function handleCallChanged(call) {
  const { id } = call;
  recordChange(id);
  if (isPageOf(id)) {
    await refreshWithRetry();
    announceUpdated([id]);
  } else if (isPartOfPage(call)) {
    requestPageRefresh();
  } else {
    requestCounts();
    if (rowOf(id)) refreshRows([id]);
  }
}

export async function handleCallRemoved(id) {
  if (document.getElementById('list')) requestCounts();
  else requestPageRefresh();
  const row = rowOf(id);
  if (row) markGone(row);
  else if (isPageOf(id)) await refreshWithRetry();
}

// The insights depend on all calls; a call's page lists other calls with its number. All spellings of a number
// have the same last digits. A false match costs one unnecessary request.
function isPartOfPage({ from, to }) {
  const end = document.getElementById('context')?.dataset.number.slice(-7);
  const hasNumber = (text) => `${text}`.replace(/\D/g, '').endsWith(end);
  return document.getElementById('insights') ?? (end && [from, to].some(hasNumber));
}

function isPageOf(id) {
  return document.getElementById('call')?.dataset.callId === id;
}
