// Keyboard shortcuts, listed in `templates/_keys.html`. Ignored in fields, with a modifier key and while a dialog
// is open. Keys that are pressed while the next page is on its way wait for it: none acts on a row that goes.

import { undoNewest } from './actions.js';
import { ACTIONS } from './key-actions.js';
import { isCommand, isModified, keyName } from './keys.js';
import { turningPage } from './page-turn.js';
import { local } from './storage.js';

const OFF = 'callboard:shortcuts-off';
const FIELDS = 'textarea, select, input:not([type=checkbox])';
// What these keys do on a row that has the focus, for a row that is still to come.
const ON_ROW = { Enter: 'o', ' ': 'x' };

const waiting = [];
let isReplaying = false;

export function enhanceShortcuts() {
  const isOn = keys().querySelector('[name=shortcuts]');
  isOn.checked = !local.getItem(OFF);
  isOn.addEventListener('change', () => {
    if (isOn.checked) local.removeItem(OFF);
    else local.setItem(OFF, 'yes');
  });
  for (const button of document.querySelectorAll('[data-keys]')) button.addEventListener('click', ACTIONS['?']);
  addEventListener('keydown', (event) => {
    const name = nameOf(event);
    if (!isOn.checked || !name || isForAnotherTarget(event)) return;
    event.preventDefault();
    press(name);
  });
}

// Ctrl+Z or Cmd+Z undoes the last action. Inside a field it stays the browser's own undo.
export function enhanceUndoShortcut() {
  addEventListener('keydown', (event) => {
    if (!isCommand(event, 'z') || event.target.closest(FIELDS)) return;
    event.preventDefault();
    // A page that does not follow the calls has a button at most.
    if (document.body.dataset.position) undoNewest();
    else document.querySelector('[data-undo]')?.click();
  });
}

function nameOf(event) {
  const name = keyName(event);
  if (turningPage() && Object.hasOwn(ON_ROW, name)) return ON_ROW[name];
  return Object.hasOwn(ACTIONS, name) ? name : null;
}

function isForAnotherTarget(event) {
  return isModified(event) || event.target.closest(FIELDS) || document.querySelector('dialog[open]');
}

function press(name) {
  if (!turningPage() && !isReplaying) ACTIONS[name]();
  else {
    waiting.push(name);
    if (!isReplaying) replay();
  }
}

// A key that waited may turn the page again. If a page does not come, what was meant for it is dropped, and so is what
// was meant for a field.
async function replay() {
  isReplaying = true;
  do {
    if (!(await turningPage())) waiting.length = 0;
    while (waiting.length && !turningPage()) {
      if (document.activeElement.matches(FIELDS)) waiting.length = 0;
      else ACTIONS[waiting.shift()]();
    }
  } while (waiting.length);
  isReplaying = false;
}

function keys() {
  return document.getElementById('keys');
}
