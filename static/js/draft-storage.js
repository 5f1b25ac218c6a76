// Storage of note drafts. The storage object is a parameter.

const PREFIX = 'draft:';

export function draftKey(user, callId) {
  return `${PREFIX}2:${encodeURIComponent(user)}:${callId}`; // version 2 of the format
}

// [text, idempotency key] of the note; null if there is no draft.
export function loadDraft(storage, name) {
  return JSON.parse(storage.getItem(name));
}

export function saveDraft(storage, name, text, key) {
  if (text) storage.setItem(name, JSON.stringify([text, key]));
  else storage.removeItem(name);
}

// Deletes all drafts, or all but those of one user.
export function deleteDrafts(storage, { except = null } = {}) {
  const kept = except === null ? null : draftKey(except, '');
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  for (const key of keys) {
    if (key.startsWith(PREFIX) && !(kept && key.startsWith(kept))) storage.removeItem(key);
  }
}
