// What each single key does: mostly, it presses a button or follows a link of the page.

import { undoNewest } from './actions.js';
import { callNumber, copyNumber } from './call-number.js';
import { visit } from './filters.js';
import { turnPage } from './page-turn.js';
import { ROW, rowsIn } from './rows.js';
import { withPane } from './split.js';

export const ACTIONS = {
  j: () => move(1),
  k: () => move(-1),
  o: () => press('a', currentRow()),
  x: () => tick(),
  'Shift+x': () => tick({ shiftKey: true }),
  e: () => archiveButton()?.click(),
  a: () => claimControl()?.click(),
  z: undoNewest,
  r: () => press('[data-recent]'),
  u: () => press('.trail a'),
  n: () => withPane(writeNote),
  c: () => callNumber(currentCall()),
  y: () => copyNumber(currentCall()),
  '/': search,
  '?': showKeys,
};

// What a key acts on, if it is not the same on every page.
const TARGETS = {
  j: () => shownRows().length || document.querySelector('#trail [rel=next]'),
  k: () => shownRows().length || document.querySelector('#trail [rel=prev]'),
  o: currentRow,
  x: currentRow,
  'Shift+x': currentRow,
  e: archiveButton,
  a: claimControl,
  u: () => document.querySelector('.trail a'),
  n: () => document.querySelector('[data-draft]'),
  c: () => currentCall()?.dataset.phone,
  y: () => currentCall()?.dataset.phone,
};

// What this key would act on: a link or button that it presses, or something else; nothing if the key would do nothing.
export function targetOf(key) {
  return key in TARGETS ? TARGETS[key]() : true;
}

function press(selector, where = document) {
  where?.querySelector(selector)?.click();
}

// None if the list is not shown, as beside a call on a narrow screen.
function shownRows() {
  return document.querySelector('#list, #callers')?.checkVisibility() ? rowsIn(document) : [];
}

function currentRow() {
  return document.activeElement.closest(ROW);
}

function currentCall() {
  return currentRow() ?? document.getElementById('call');
}

// After a return from a call, or beside it, continue at its row.
function move(step) {
  const rows = shownRows();
  if (!rows.length) return press(step > 0 ? '[rel=next]' : '[rel=prev]', document.getElementById('trail'));
  const open = document.querySelector('#list [data-call-id]:is(:has([aria-current]), :target)');
  const at = rows.indexOf(currentRow() ?? open);
  const to = at + step;
  if (rows[to]) focusRow(rows[to]);
  else if (at >= 0) goOn(step);
  else focusRow(rows[0]);
}

// On to the next page's first row, or back to the last one of the page before.
function goOn(step) {
  const link = document.querySelector(step > 0 ? '.pager [rel=next]' : '.pager [rel=prev]');
  if (link) turnPage(visit(link.href, 'pushState', { isFiltered: false }).then((hasCome) => {
    if (hasCome) focusRow(shownRows().at(step > 0 ? 0 : -1));
    return hasCome;
  }));
}

function focusRow(row) {
  row?.querySelector('a').focus();
}

function tick(held = {}) {
  const box = currentRow()?.querySelector('[name=ids]');
  box?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ...held }));
}

// Of the ticked calls, or else of this one.
export function archiveButton() {
  const isTicked = document.querySelector('#list [name=ids]:checked');
  const isArchived = document.querySelector('.calls--archived');
  if (isTicked) return document.querySelector(`.bulk [name=archived][value=${!isArchived}]`);
  return currentCall()?.querySelector('[name=archived]');
}

// Takes the caller, or lets them go; a link where somebody else has them.
function claimControl() {
  return (currentRow() ?? document.querySelector('#call, #caller'))?.querySelector('[data-take]');
}

function writeNote() {
  const field = document.querySelector('[data-draft]');
  if (field) field.focus();
  else document.querySelector('#new-calls:not([hidden])')?.click();
}

// A page without a search leads to the list's.
function search() {
  const field = document.getElementById('search');
  const list = document.querySelector('.trail a');
  if (field?.checkVisibility()) field.select();
  else if (list) location.assign(Object.assign(new URL(list.href), { hash: 'search' }));
}

function showKeys() {
  const keys = document.getElementById('keys');
  keys.showModal();
  keys.querySelector('button').focus();
}
