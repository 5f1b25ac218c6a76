// A note that was begun and not sent is still there after a reload: per call and user, in this tab alone,
// until it is sent or somebody logs out or in.

import { draftKey, forgetDrafts } from './draft-storage.js';

export function keepDraft() {
  const field = document.querySelector('[data-draft]');
  const key = draftKey(document.body.dataset.user, field.dataset.draft);
  forgetDrafts(sessionStorage, { except: document.body.dataset.user });
  // What the server kept when a session ended may be older than what was typed here since.
  field.value = sessionStorage.getItem(key) ?? field.value;
  field.addEventListener('input', () => {
    if (field.value) sessionStorage.setItem(key, field.value);
    else sessionStorage.removeItem(key);
  });
  followSending(field, key);
}

export function forgetDraftsAtLogout() {
  document.querySelector('[data-logout]')?.addEventListener('submit', () => forgetDrafts(sessionStorage));
}

function followSending(field, key) {
  field.form.addEventListener('callboard:sending', () => {
    field.readOnly = true;
  });
  field.form.addEventListener('callboard:settled', () => {
    field.readOnly = false;
  });
  field.form.addEventListener('callboard:sent', () => {
    sessionStorage.removeItem(key);
    field.form.reset(); // else the browser calls the emptied field wrong: nothing stands in it
    field.value = '';
    field.focus();
  });
}
