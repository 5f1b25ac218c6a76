// Where the drafts of notes are kept. Pure: is given the storage.

const PREFIX = 'draft:';

export function draftKey(user, callId) {
  return `${PREFIX}2:${encodeURIComponent(user)}:${callId}`; // the second form in which drafts are kept
}

// The text and the key under which the server stores it once; null where there is no draft.
export function loadDraft(storage, name) {
  return JSON.parse(storage.getItem(name));
}

export function saveDraft(storage, name, text, key) {
  if (text) storage.setItem(name, JSON.stringify([text, key]));
  else storage.removeItem(name);
}

// Forgets every draft, or those of everybody except one user.
export function forgetDrafts(storage, { except = null } = {}) {
  const kept = except === null ? null : draftKey(except, '');
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  for (const key of keys) {
    if (key.startsWith(PREFIX) && !(kept && key.startsWith(kept))) storage.removeItem(key);
  }
}
