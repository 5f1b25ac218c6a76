import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareLists } from '../../static/js/refresh.js';

test('lists with the same calls in the same order are the same', () => {
  assert.equal(compareLists(['a', 'b'], ['a', 'b']).isSame, true);
  assert.equal(compareLists(['a', 'b'], ['b', 'a']).isSame, false);
  assert.equal(compareLists(['a'], ['a', 'b']).isSame, false);
});

test('calls between the shown ones are told apart from those that moved up behind them', () => {
  const { kept, gone, between } = compareLists(['c', 'd', 'e'], ['a', 'b', 'c', 'x', 'e', 'y']);

  assert.deepEqual(between, ['a', 'b', 'x']);
  assert.deepEqual(kept, ['c', 'e']);
  assert.deepEqual(gone, ['d']);
});

test('when no shown call is left, all calls are new', () => {
  const { gone, between } = compareLists(['a'], ['x', 'y']);

  assert.deepEqual(gone, ['a']);
  assert.deepEqual(between, ['x', 'y']);
});
