// Keys in fields: Escape leaves a field, and empties a search before that; Ctrl+Enter or Cmd+Enter saves a note.

import { isCommand, isModified } from './keys.js';

export function enhanceTypingKeys() {
  addEventListener('keydown', (event) => {
    const { target: field, key } = event;
    if (key === 'Escape' && !isModified(event)) leave(field, event);
    else if (field.matches('textarea') && isCommand(event, 'Enter')) send(field, event);
  });
}

// Dialogs and menus close by Escape themselves.
function leave(field, event) {
  if (!field.matches('input:not([type=checkbox]), select, textarea') || field.closest('dialog, details')) return;
  event.preventDefault();
  if (field.type === 'search' && field.value) {
    field.value = '';
    field.dispatchEvent(new Event('input', { bubbles: true }));
  } else document.getElementById('main').focus({ preventScroll: true });
}

function send(field, event) {
  event.preventDefault();
  field.form.requestSubmit(field.form.querySelector('button'));
}
