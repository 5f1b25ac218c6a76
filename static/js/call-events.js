// Handles call events. A list's page gets the rendered row with them. Everything else is requested from the server, as
// are rows that came without, or in a language or time zone that the page no longer has.

import { announceUpdated } from './announcer.js';
import { recordChange } from './change-history.js';
import { requestPageRefresh, takeCounts } from './counts.js';
import { refreshWithRetry } from './refresh.js';
import { drawPushedRow, refreshRows } from './row-refresh.js';
import { markGone, rowOf } from './rows.js';
import { isWished, noteState } from './wishes.js';

export async function handleCallChanged({ call, html = null, counts = null, today }) {
  const { id } = call;
  recordChange(id);
  noteState(id, call.is_archived);
  if (isPageOf(id)) {
    await refreshWithRetry();
    announceUpdated([id]);
  } else if (isPartOfPage(call)) {
    requestPageRefresh();
  } else {
    takeCounts(id, call, counts && { ...counts, today });
    if (isWished(id)) return; // the row is drawn again after the answer
    if (rowOf(id) && html !== null) drawPushedRow(id, html);
    else if (rowOf(id)) refreshRows([id]);
  }
}

export async function handleCallRemoved({ id, counts = null, today }) {
  if (document.getElementById('list')) takeCounts(id, null, counts && { ...counts, today });
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
