import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewersText } from '../../static/js/presence.js';

for (const [viewers, text] of [
  [[], ''],
  [['alice'], ''],
  [['ann'], 'ann is viewing'],
  [['alice', 'ann'], 'ann is viewing'],
  [['ann', 'bob'], 'ann and bob are viewing'],
  [['ann', 'bob', 'cy'], 'ann, bob and cy are viewing'],
  [['ann', 'bob', 'cy', 'dan'], 'ann, bob and 2 others are viewing'],
]) {
  test(`alice sees [${viewers.join(', ')}] as "${text}"`, () => {
    assert.equal(viewersText(viewers, 'alice'), text);
  });
}
