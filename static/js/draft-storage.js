// Storage of note drafts. The storage object is a parameter, one of storage.js.

const PREFIX = 'draft:';

export function draftKey(user, callId) {
  return `${PREFIX}2:${encodeURIComponent(user)}:${callId}`; // version 2 of the format
}

// [text, idempotency key] of the note; null if there is no draft.
export function loadDraft(storage, name) {
  try {
    return JSON.parse(storage.getItem(name));
  } catch {
    return null; // another program's, or cut off
  }
}

export function saveDraft(storage, name, text, key) {
  if (text) storage.setItem(name, JSON.stringify([text, key]));
  else storage.removeItem(name);
}

// Deletes all drafts, or all but those of one user.
export function deleteDrafts(storage, { except = null } = {}) {
  const kept = except === null ? null : draftKey(except, '');
  for (const key of storage.keys()) {
    if (key.startsWith(PREFIX) && !(kept && key.startsWith(kept))) storage.removeItem(key);
  }
}

const LOGGED_OUT = 'logged-out';

// Tells all tabs, also those that are opened again later, of a logout.
export function tellLogout(shared) {
  shared.setItem(LOGGED_OUT, String(Date.now()));
}

// Deletes the drafts of this tab if there was a logout since it last looked.
export function obeyLogout(shared, own) {
  const latest = shared.getItem(LOGGED_OUT);
  if (latest === own.getItem(LOGGED_OUT)) return;
  deleteDrafts(own);
  own.setItem(LOGGED_OUT, latest);
}
