import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareLists } from '../../static/js/list-difference.js';
import { fitsList, isAhead, isFirstPage, newCallsText } from '../../static/js/list-query.js';

const CALL = { is_archived: false, call_type: 'missed', direction: 'inbound', via: '+33118842251' };
const fits = (query, call = CALL) => fitsList(call, new URLSearchParams(query));

test('lists with the same calls in the same order are the same', () => {
  assert.equal(compareLists(['a', 'b'], ['a', 'b']).isSame, true);
  assert.equal(compareLists(['a', 'b'], ['b', 'a']).isSame, false);
  assert.equal(compareLists(['a'], ['a', 'b']).isSame, false);
});

test('new calls are those ahead of everything that was shown', () => {
  const { kept, gone, ahead } = compareLists(['c', 'd', 'e'], ['a', 'b', 'c', 'x', 'e']);

  assert.deepEqual(ahead, ['a', 'b']);
  assert.deepEqual(kept, ['c', 'e']);
  assert.deepEqual(gone, ['d']);
});

test('when nothing that was shown is left, all that was read is ahead', () => {
  const { gone, ahead } = compareLists(['a'], ['x', 'y']);

  assert.deepEqual(gone, ['a']);
  assert.deepEqual(ahead, ['x', 'y']);
});

test('a new call counts only in the list it belongs to', () => {
  assert.equal(fits(''), true);
  assert.equal(fits('view=all'), true);
  assert.equal(fits('view=archived'), false);
  assert.equal(fits('view=archived', { ...CALL, is_archived: true }), true);
  assert.equal(fits('', { ...CALL, is_archived: true }), false);
  assert.equal(fits('type=missed&direction=inbound&line=%2B33118842251'), true);
  assert.equal(fits('type=answered'), false);
  assert.equal(fits('direction=outbound'), false);
  assert.equal(fits('line=%2B33000000000'), false);
});

test('a filter that means any lets every call pass', () => {
  assert.equal(fits('type=&direction=&line='), true);
});

test('what only the server can judge lets a call pass', () => {
  assert.equal(fits('q=refund&from=2026-11-01'), true);
});

test('only a call that is newer than the list pushes it on', () => {
  const first = '2026-11-23T11:15:00.000Z';

  assert.equal(isAhead({ created_at: '2026-11-23T11:15:00.001Z' }, first), true);
  assert.equal(isAhead({ created_at: '2026-11-23T11:15:00.000Z' }, first), false);
  assert.equal(isAhead({ created_at: '2026-11-22T11:15:00.000Z' }, first), false);
});

test('a call without a time stands last, and any other before a list without one', () => {
  assert.equal(isAhead({ created_at: null }, '2026-11-23T11:15:00.000Z'), false);
  assert.equal(isAhead({ created_at: '2026-11-23T11:15:00.000Z' }, undefined), true);
});

test('a list without a page in its address is on its first', () => {
  assert.equal(isFirstPage(new URLSearchParams('')), true);
  assert.equal(isFirstPage(new URLSearchParams('page=1')), true);
  assert.equal(isFirstPage(new URLSearchParams('page=2')), false);
});

test('the link names how many calls are new', () => {
  assert.equal(newCallsText(1), '1 new call – show');
  assert.equal(newCallsText(3), '3 new calls – show');
  assert.equal(newCallsText(0), 'The list has changed – show');
});
