// What becomes of news about a call. They say only what happened; what the call looks like now is read.

import { announceUpdated } from './announcer.js';
import { fitsList, isAhead } from './list-query.js';
import { forgetNewCall, offerNewCalls } from './new-calls.js';
import { pullRows } from './pull-rows.js';
import { rememberChange } from './recent-changes.js';
import { refresh, refreshSurely } from './refresh.js';
import { passOverNoAnswer } from './requests.js';
import { markGone, rowOf, rowsIn } from './rows.js';

export async function changeCall(id) {
  rememberChange(id);
  if (rowOf(id)) {
    pullRows([id]);
  } else if (isPageOf(id)) {
    await refreshSurely();
    announceUpdated([id]);
  }
}

export function addCall(call) {
  const isList = document.body.dataset.page === 'list' && !document.querySelector('[data-reading]');
  if (!isList || rowOf(call.id) || !fitsList(call, new URLSearchParams(location.search))) return;
  const [firstRow] = rowsIn(document);
  if (!firstRow) {
    refresh({ isWhole: true }).catch(passOverNoAnswer); // a blank list has no rows to push about
  } else if (isAhead(call, firstRow.querySelector('time')?.dateTime)) {
    offerNewCalls([call.id]);
  }
}

export async function removeCall(id) {
  forgetNewCall(id);
  const row = rowOf(id);
  if (row) markGone(row);
  else if (isPageOf(id)) await refreshSurely();
}

function isPageOf(id) {
  return document.getElementById('call')?.dataset.callId === id;
}
