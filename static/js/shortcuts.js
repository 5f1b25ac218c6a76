// Keyboard shortcuts, listed in `templates/_keys.html`. Ignored in fields, with a modifier key and while a dialog
// is open.

import { rowsIn } from './rows.js';
import { local } from './storage.js';

const OFF = 'callboard:shortcuts-off';
const FIELDS = 'textarea, select, input:not([type=checkbox])';

const ACTIONS = {
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
  isOn.checked = !local.getItem(OFF);
  isOn.addEventListener('change', () => {
    if (isOn.checked) local.removeItem(OFF);
    else local.setItem(OFF, 'yes');
  });
  for (const button of document.querySelectorAll('[data-keys]')) button.addEventListener('click', showKeys);
  addEventListener('keydown', (event) => {
    if (!isOn.checked || !Object.hasOwn(ACTIONS, event.key) || isForAnotherTarget(event)) return;
    event.preventDefault();
    ACTIONS[event.key]();
  });
}

// Ctrl+Z or Cmd+Z undoes the last action. Inside a field it stays the browser's own undo.
export function enhanceUndoShortcut() {
  addEventListener('keydown', (event) => {
    const isUndo =
      event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    const button = document.querySelector('[data-undo]');
    if (!isUndo || !button || event.target.closest(FIELDS)) return;
    event.preventDefault();
    button.click();
  });
}

function isForAnotherTarget({ target, ctrlKey, metaKey, altKey, isComposing }) {
  const hasModifier = ctrlKey || metaKey || altKey || isComposing;
  return hasModifier || target.closest(FIELDS) || document.querySelector('dialog[open]');
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

// After a return from a call, continue at its row (the :target).
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
