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
