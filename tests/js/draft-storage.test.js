import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draftKey, forgetDrafts, loadDraft, saveDraft } from '../../static/js/draft-storage.js';

// What a browser's storage is to its users: text by key, listed by number.
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

function storageWith(...keys) {
  const storage = new Storage();
  for (const key of keys) storage.setItem(key, 'text');
  return storage;
}

test('every user has a draft of their own for each call', () => {
  const owners = [['alice', 'c1'], ['alice', 'c2'], ['bob', 'c1'], ['bob:c1', '']];

  const keys = owners.map(([user, call]) => draftKey(user, call));

  assert.equal(new Set(keys).size, keys.length);
});

test('at logout every draft is forgotten, and nothing else', () => {
  const storage = storageWith(draftKey('alice', 'c1'), 'theme', draftKey('bob', 'c2'));

  forgetDrafts(storage);

  assert.equal(storage.length, 1);
  assert.equal(storage.getItem('theme'), 'text');
});

test('who is logged in keeps their drafts, and nobody else does', () => {
  const storage = storageWith(draftKey('alice', 'c1'), draftKey('alice:c1', 'c1'), draftKey('al', 'c1'));

  forgetDrafts(storage, { except: 'alice' });

  assert.equal(storage.length, 1);
  assert.equal(storage.getItem(draftKey('alice', 'c1')), 'text');
});

test('a draft is its text and the key under which it is stored once', () => {
  const storage = storageWith();

  saveDraft(storage, draftKey('alice', 'c1'), 'Two\n"lines" 👋', 'k1');

  assert.deepEqual(loadDraft(storage, draftKey('alice', 'c1')), ['Two\n"lines" 👋', 'k1']);
  assert.equal(loadDraft(storage, draftKey('alice', 'c2')), null);
});

test('an empty text is no draft', () => {
  const storage = storageWith();
  saveDraft(storage, draftKey('alice', 'c1'), 'Text', 'k1');

  saveDraft(storage, draftKey('alice', 'c1'), '', 'k1');

  assert.equal(storage.length, 0);
});
