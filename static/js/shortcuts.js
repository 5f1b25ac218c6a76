// Single keys for who works through calls; `templates/_keys.html` tells them. Never in a field, nor with another
// key held down, nor over an open dialog.

import { rowsIn } from './rows.js';

const OFF = 'callboard:shortcuts-off';
const FIELDS = 'textarea, select, input:not([type=checkbox])';

const ACTS = {
  j: () => move(1),
  k: () => move(-1),
  o: () => press('a', currentRow()),
  x: () => press('[name=ids]', currentRow()),
  e: archive,
  z: () => press('[data-undo]'),
  u: () => press('.trail a'),
  n: writeNote,
  '/': () => document.getElementById('search')?.select(),
  '?': showKeys,
};

export function enhanceShortcuts() {
  const isOn = keys().querySelector('[name=shortcuts]');
  isOn.checked = !localStorage.getItem(OFF);
  isOn.addEventListener('change', () => {
    if (isOn.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, 'yes');
  });
  for (const button of document.querySelectorAll('[data-keys]')) button.addEventListener('click', showKeys);
  addEventListener('keydown', (event) => {
    if (!isOn.checked || !Object.hasOwn(ACTS, event.key) || isMeantElsewhere(event)) return;
    event.preventDefault();
    ACTS[event.key]();
  });
}

function isMeantElsewhere({ target, ctrlKey, metaKey, altKey, isComposing }) {
  return ctrlKey || metaKey || altKey || isComposing || target.closest(FIELDS) || document.querySelector('dialog[open]');
}

function keys() {
  return document.getElementById('keys');
}

function showKeys() {
  keys().showModal();
  keys().querySelector('button').focus();
}

function press(selector, where = document) {
  where?.querySelector(selector)?.click();
}

function currentRow() {
  return document.activeElement.closest('#list [data-call-id]');
}

// Who comes back from a call goes on at its row.
function move(step) {
  const rows = rowsIn(document);
  if (!rows.length) return press(step > 0 ? '[rel=next]' : '[rel=prev]', document.getElementById('trail'));
  const at = rows.indexOf(currentRow() ?? document.querySelector('[data-call-id]:target'));
  rows[Math.min(Math.max(at + step, 0), rows.length - 1)].querySelector('a').focus();
}

function archive() {
  const isTicked = document.querySelector('#list [name=ids]:checked');
  const isArchived = document.querySelector('.calls--archived');
  if (isTicked) press(`.bulk [name=archived][value=${!isArchived}]`);
  else press('[name=archived]', currentRow() ?? document.getElementById('call'));
}

function writeNote() {
  const field = document.querySelector('[data-draft]');
  if (field) field.focus();
  else document.querySelector('#new-calls:not([hidden])')?.click();
}
