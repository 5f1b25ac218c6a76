// Where the drafts of notes are kept. Pure: is given the storage.

const PREFIX = 'draft:';

export function draftKey(user, callId) {
  return `${PREFIX}${encodeURIComponent(user)}:${callId}`;
}

// Forgets every draft, or those of everybody except one user.
export function forgetDrafts(storage, { except = null } = {}) {
  const kept = except === null ? null : draftKey(except, '');
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  for (const key of keys) {
    if (key.startsWith(PREFIX) && !(kept && key.startsWith(kept))) storage.removeItem(key);
  }
}
