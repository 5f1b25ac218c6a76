import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareLists } from '../../static/js/list-difference.js';

test('lists with the same calls in the same order are the same', () => {
  assert.equal(compareLists(['a', 'b'], ['a', 'b']).isSame, true);
  assert.equal(compareLists(['a', 'b'], ['b', 'a']).isSame, false);
  assert.equal(compareLists(['a'], ['a', 'b']).isSame, false);
});

test('what came between the calls that were shown is told from what moved up behind them', () => {
  const { kept, gone, between } = compareLists(['c', 'd', 'e'], ['a', 'b', 'c', 'x', 'e', 'y']);

  assert.deepEqual(between, ['a', 'b', 'x']);
  assert.deepEqual(kept, ['c', 'e']);
  assert.deepEqual(gone, ['d']);
});

test('when nothing that was shown is left, all that was read has come', () => {
  const { gone, between } = compareLists(['a'], ['x', 'y']);

  assert.deepEqual(gone, ['a']);
  assert.deepEqual(between, ['x', 'y']);
});
