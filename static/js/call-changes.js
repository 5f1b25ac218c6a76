// What becomes of news about a call. They say only what happened; what the call looks like now is read.

import { announceUpdated } from './announcer.js';
import { readCounts, readPage } from './counts.js';
import { pullRows } from './pull-rows.js';
import { rememberChange } from './recent-changes.js';
import { refreshSurely } from './refresh.js';
import { markGone, rowOf } from './rows.js';

// A new call has no row yet, nor has one that only now belongs to the list: whether they do, the server knows.
export async function changeCall(call) {
  const { id } = call;
  rememberChange(id);
  if (isPageOf(id)) {
    await refreshSurely();
    announceUpdated([id]);
  } else if (isPartOfPage(call)) {
    readPage();
  } else {
    readCounts();
    if (rowOf(id)) pullRows([id]);
  }
}

export async function removeCall(id) {
  if (document.getElementById('list')) readCounts();
  else readPage();
  const row = rowOf(id);
  if (row) markGone(row);
  else if (isPageOf(id)) await refreshSurely();
}

// The insights are made of all calls, and what a call's page tells of others of those with its number. All
// spellings of one end alike; another number that does too costs a look that brings nothing.
function isPartOfPage({ from, to }) {
  const end = document.getElementById('context')?.dataset.number.slice(-7);
  const hasNumber = (text) => `${text}`.replace(/\D/g, '').endsWith(end);
  return document.getElementById('figures') ?? (end && [from, to].some(hasNumber));
}

function isPageOf(id) {
  return document.getElementById('call')?.dataset.callId === id;
}
