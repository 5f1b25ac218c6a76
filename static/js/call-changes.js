// What becomes of news about a call. They say only what happened; what the call looks like now is read.

import { announceUpdated } from './announcer.js';
import { readCounts } from './counts.js';
import { pullRows } from './pull-rows.js';
import { rememberChange } from './recent-changes.js';
import { refreshSurely } from './refresh.js';
import { markGone, rowOf } from './rows.js';

export async function changeCall(id) {
  rememberChange(id);
  readCounts();
  if (rowOf(id)) {
    pullRows([id]);
  } else if (isPageOf(id)) {
    await refreshSurely();
    announceUpdated([id]);
  }
}

// A new call has no row yet, nor has one that only now belongs to the list: whether they do, the server knows.
export function addCall(call) {
  return changeCall(call.id);
}

export async function removeCall(id) {
  readCounts();
  const row = rowOf(id);
  if (row) markGone(row);
  else if (isPageOf(id)) await refreshSurely();
}

function isPageOf(id) {
  return document.getElementById('call')?.dataset.callId === id;
}
