import assert from 'node:assert/strict';
import { test } from 'node:test';

import { changedSince, rememberChange } from '../../static/js/recent-changes.js';

test('what changed since a moment is known once, what changed before it is not', () => {
  rememberChange('before');
  const moment = performance.now();
  rememberChange('after');
  rememberChange('after');
  rememberChange('later');

  assert.deepEqual(changedSince(moment), ['after', 'later']);
});

test('only the last changes are kept', () => {
  for (let number = 0; number < 600; number += 1) rememberChange(`call-${number}`);

  assert.equal(changedSince(0).length, 500);
  assert.equal(changedSince(0).at(-1), 'call-599');
});
