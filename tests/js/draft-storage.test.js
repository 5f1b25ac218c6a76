import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draftKey, deleteDrafts, loadDraft, obeyLogout, saveDraft, tellLogout } from '../../static/js/draft-storage.js';
import { safeStorage } from '../../static/js/storage.js';

// Implements the methods of Web Storage that are used.
class Storage {
  #items = new Map();

  get length() {
    return this.#items.size;
  }

  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, text) {
    this.#items.set(key, text);
  }

  removeItem(key) {
    this.#items.delete(key);
  }
}

function openOnce() {
  const storage = new Storage();
  return () => storage;
}

function storageWith(...keys) {
  const storage = safeStorage(openOnce());
  for (const key of keys) storage.setItem(key, 'text');
  return storage;
}

test('each user has one draft per call', () => {
  const owners = [['alice', 'c1'], ['alice', 'c2'], ['bob', 'c1'], ['bob:c1', '']];

  const keys = owners.map(([user, call]) => draftKey(user, call));

  assert.equal(new Set(keys).size, keys.length);
});

test('logout deletes every draft, and nothing else', () => {
  const storage = storageWith(draftKey('alice', 'c1'), 'theme', draftKey('bob', 'c2'));

  deleteDrafts(storage);

  assert.equal(storage.keys().length, 1);
  assert.equal(storage.getItem('theme'), 'text');
});

test('drafts of the logged-in user are kept, others are deleted', () => {
  const storage = storageWith(draftKey('alice', 'c1'), draftKey('alice:c1', 'c1'), draftKey('al', 'c1'));

  deleteDrafts(storage, { except: 'alice' });

  assert.equal(storage.keys().length, 1);
  assert.equal(storage.getItem(draftKey('alice', 'c1')), 'text');
});

test('a draft is its text and its idempotency key', () => {
  const storage = storageWith();

  saveDraft(storage, draftKey('alice', 'c1'), 'Two\n"lines" 👋', 'k1');

  assert.deepEqual(loadDraft(storage, draftKey('alice', 'c1')), ['Two\n"lines" 👋', 'k1']);
  assert.equal(loadDraft(storage, draftKey('alice', 'c2')), null);
});

test('saving an empty text deletes the draft', () => {
  const storage = storageWith();
  saveDraft(storage, draftKey('alice', 'c1'), 'Text', 'k1');

  saveDraft(storage, draftKey('alice', 'c1'), '', 'k1');

  assert.equal(storage.keys().length, 0);
});

test('a draft that cannot be read is none', () => {
  const storage = storageWith();
  storage.setItem(draftKey('alice', 'c1'), '["cut o');

  assert.equal(loadDraft(storage, draftKey('alice', 'c1')), null);
});

test('a storage that is switched off or full keeps nothing and throws nothing', () => {
  const refuse = () => {
    throw new DOMException('Access is denied for this document.', 'SecurityError');
  };
  const full = { length: 0, key: refuse, getItem: () => null, setItem: refuse, removeItem: () => {} };

  for (const open of [refuse, () => null, () => undefined, () => full]) {
    const storage = safeStorage(open);

    saveDraft(storage, draftKey('alice', 'c1'), 'Text', 'k1');
    deleteDrafts(storage);

    assert.equal(loadDraft(storage, draftKey('alice', 'c1')), null);
  }
});

test('a logout deletes the drafts of every tab once, also of one that was closed meanwhile', () => {
  const shared = safeStorage(openOnce());
  const [here, other] = [storageWith(draftKey('alice', 'c1')), storageWith(draftKey('alice', 'c2'))];
  const drafts = (tab) => tab.keys().filter((key) => key.startsWith('draft:'));
  obeyLogout(shared, here);
  assert.equal(drafts(here).length, 1);

  tellLogout(shared);
  for (const tab of [here, other]) obeyLogout(shared, tab);
  assert.deepEqual([...drafts(here), ...drafts(other)], []);

  saveDraft(other, draftKey('alice', 'c3'), 'text');
  obeyLogout(shared, other);
  assert.equal(drafts(other).length, 1);
});
