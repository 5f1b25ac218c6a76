// Keeps an unsent note across reloads: per call and user, in this tab, until it is sent or the user changes.
// The idempotency key is kept with it: if no response came, only the server knows whether the note was stored.

import { draftKey, deleteDrafts, loadDraft, obeyLogout, saveDraft, tellLogout } from './draft-storage.js';
import { isBeingSent } from './notes-being-sent.js';
import { local, session } from './storage.js';

export function persistDraft() {
  const field = document.querySelector('[data-draft]');
  if (!field) return;
  const storedOnce = field.form.elements.key;
  const key = draftKey(document.body.dataset.user, field.dataset.draft);
  obeyLogout(local, session);
  deleteDrafts(session, { except: document.body.dataset.user });
  // The text that the server kept when the session ended may be older than this draft.
  const draft = isBeingSent(field.dataset.draft) ? null : loadDraft(session, key);
  if (draft) [field.value, storedOnce.value] = draft;
  field.addEventListener('input', () => {
    saveDraft(session, key, field.value, storedOnce.value);
  });
  followSending(field, key);
}

// A logout deletes the drafts of every tab: each has a storage of its own.
export function followLogouts() {
  document.querySelector('[data-logout]')?.addEventListener('submit', () => {
    tellLogout(local);
    deleteDrafts(session);
  });
  addEventListener('storage', () => obeyLogout(local, session));
}

// The draft is kept until the note is known to be saved.
function followSending(field, key) {
  field.form.addEventListener('callboard:sending', () => {
    document.getElementById('content-error')?.remove(); // so that the same message is announced again
    field.form.reset(); // else the browser reports the emptied required field as invalid
    field.value = '';
    // Out of the field, so that single keys are shortcuts again.
    if (document.activeElement === field) document.getElementById('main').focus({ preventScroll: true });
  });
  field.form.addEventListener('callboard:sent', () => {
    if (!field.value) saveDraft(session, key, '');
  });
}
