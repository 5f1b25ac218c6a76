import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cursorKey, isNews, keyOf } from '../../static/js/list-news.js';

const T = '2026-11-23T11:00:00.000Z';
const LATER = '2026-11-23T11:00:00.001Z';
const EARLIER = '2026-11-23T10:59:59.999Z';
const cursor = cursorKey(`${Date.parse(T)}-m`);

function call(id, instant, isArchived = false) {
  return { id, created_at: instant, is_archived: isArchived };
}

test('a call before the cursor is new, the cursor itself and what follows it are not', () => {
  const list = { view: 'all', cursor, last: null };

  assert.equal(isNews(call('a', LATER), list), true);
  assert.equal(isNews(call('n', T), list), true);
  assert.equal(isNews(call('m', T), list), false);
  assert.equal(isNews(call('l', T), list), false);
  assert.equal(isNews(call('z', EARLIER), list), false);
  assert.equal(isNews(call('z', null), list), false);
});

test('a call that belongs into another view is not new', () => {
  assert.equal(isNews(call('a', LATER, true), { view: 'inbox', cursor, last: null }), false);
  assert.equal(isNews(call('a', LATER, true), { view: 'archived', cursor, last: null }), true);
});

test('on the first page, a call that belongs between its rows is new', () => {
  const list = { view: 'inbox', cursor, last: keyOf('c', EARLIER) };

  assert.equal(isNews(call('d', EARLIER), list), true);
  assert.equal(isNews(call('b', EARLIER), list), false);
});

test('on the only page, every call of the view is new, one without a time too', () => {
  const list = { view: 'inbox', cursor, last: keyOf('', null) };

  assert.equal(isNews(call('a', null), list), true);
});

test('a cursor without a time is before none that has one', () => {
  const list = { view: 'all', cursor: cursorKey(`${-(2 ** 53)}-m`), last: null };

  assert.equal(isNews(call('a', T), list), true);
  assert.equal(isNews(call('n', null), list), true);
  assert.equal(isNews(call('l', null), list), false);
});
