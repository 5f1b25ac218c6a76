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

// The insights are made of all calls, and what a call's page tells of others of those with its number.
function isPartOfPage({ from, to }) {
  const number = document.getElementById('context')?.dataset.number;
  return document.getElementById('figures') ?? (number && [from, to].some((each) => keyOf(each) === number));
}

// What all spellings of a number have in common.
function keyOf(number) {
  return `${number}`.replace(/\(0\)|\D/g, '').replace(/^0+/, '');
}

function isPageOf(id) {
  return document.getElementById('call')?.dataset.callId === id;
}
