import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callsChangedSince, recordChange } from '../../static/js/change-history.js';

test('changes after a moment are listed once, earlier ones are not', () => {
  recordChange('before');
  const moment = performance.now();
  recordChange('after');
  recordChange('after');
  recordChange('later');

  assert.deepEqual(callsChangedSince(moment), ['after', 'later']);
});

test('only the last 500 changes are kept', () => {
  for (let number = 0; number < 600; number += 1) recordChange(`call-${number}`);

  assert.equal(callsChangedSince(0).length, 500);
  assert.equal(callsChangedSince(0).at(-1), 'call-599');
});
