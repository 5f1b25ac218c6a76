// A note that was begun and not sent is still there after a reload: per call and user, in this tab alone,
// until it is sent or somebody logs out or in. It keeps the key under which it is stored once: whether it was
// stored already, when no answer came, only the server knows.

import { draftKey, forgetDrafts, loadDraft, saveDraft } from './draft-storage.js';

export function keepDraft() {
  const field = document.querySelector('[data-draft]');
  const storedOnce = field.form.elements.key;
  const key = draftKey(document.body.dataset.user, field.dataset.draft);
  forgetDrafts(sessionStorage, { except: document.body.dataset.user });
  // What the server kept when a session ended may be older than what was typed here since.
  [field.value, storedOnce.value] = loadDraft(sessionStorage, key) ?? [field.value, storedOnce.value];
  field.addEventListener('input', () => {
    saveDraft(sessionStorage, key, field.value, storedOnce.value);
  });
  followSending(field, key);
}

export function forgetDraftsAtLogout() {
  document.querySelector('[data-logout]')?.addEventListener('submit', () => forgetDrafts(sessionStorage));
}

function followSending(field, key) {
  field.form.addEventListener('callboard:sending', () => {
    field.readOnly = true;
    document.getElementById('content-error')?.remove(); // else the same words, said again, are not read out
  });
  field.form.addEventListener('callboard:settled', () => {
    field.readOnly = false;
  });
  field.form.addEventListener('callboard:sent', () => {
    saveDraft(sessionStorage, key, '');
    field.form.reset(); // else the browser calls the emptied field wrong: nothing stands in it
    field.value = '';
    field.focus();
  });
}
