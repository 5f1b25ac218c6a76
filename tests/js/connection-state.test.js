import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bannerText, isWhole, stateToShow, untilNextLook } from '../../static/js/connection-state.js';

const UP = { isOnline: true, isConnected: true, isCaughtUp: true, link: { state: 'live' } };
const BROKEN_SINCE = 100_000;
const after = (seconds) => BROKEN_SINCE + seconds * 1000;

test('only both hops together, caught up, are live', () => {
  assert.equal(isWhole(UP), true);
  assert.equal(isWhole({ ...UP, isOnline: false }), false);
  assert.equal(isWhole({ ...UP, isConnected: false }), false);
  assert.equal(isWhole({ ...UP, isCaughtUp: false }), false);
  assert.equal(isWhole({ ...UP, link: null }), false);
  assert.equal(isWhole({ ...UP, link: { state: 'reconnecting' } }), false);
});

test('a trouble of less than four seconds does not show', () => {
  const facts = { ...UP, isConnected: false };

  assert.equal(stateToShow('live', facts, BROKEN_SINCE, after(3.9)), 'live');
  assert.equal(stateToShow('live', facts, BROKEN_SINCE, after(4)), 'reconnecting');
});

test('the page never claims more at its start than it knows', () => {
  const facts = { ...UP, isConnected: false };

  assert.equal(stateToShow('starting', facts, BROKEN_SINCE, after(1)), 'starting');
  assert.equal(stateToShow('starting', UP, null, after(1)), 'live');
});

test('after twenty seconds without a connection the page is offline', () => {
  const facts = { ...UP, isConnected: false };

  assert.equal(stateToShow('reconnecting', facts, BROKEN_SINCE, after(19.9)), 'reconnecting');
  assert.equal(stateToShow('reconnecting', facts, BROKEN_SINCE, after(20)), 'offline');
});

test('without a network, or when the server has given up its own link, it is offline sooner', () => {
  assert.equal(stateToShow('live', { ...UP, isOnline: false }, BROKEN_SINCE, after(4)), 'offline');
  assert.equal(stateToShow('live', { ...UP, link: { state: 'offline' } }, BROKEN_SINCE, after(4)), 'offline');
});

test('what is up again is live at once', () => {
  assert.equal(stateToShow('offline', UP, null, after(60)), 'live');
});

test('the page looks again when the state may have changed by itself', () => {
  assert.equal(untilNextLook(BROKEN_SINCE, after(1)), 3000);
  assert.equal(untilNextLook(BROKEN_SINCE, after(4)), 16_000);
  assert.equal(untilNextLook(BROKEN_SINCE, after(20)), null);
});

test('the banner is silent while nothing is wrong', () => {
  assert.equal(bannerText('live', UP, '14:03'), '');
  assert.equal(bannerText('starting', { ...UP, isConnected: false }, '14:03'), '');
});

test('the banner says what is wrong, since when, in words the indicator does not use', () => {
  const troubles = [{ isOnline: false }, { isConnected: false }, { link: { state: 'reconnecting' } }];

  const texts = troubles.map((trouble) => bannerText('offline', { ...UP, ...trouble }, '14:03'));

  assert.equal(new Set(texts).size, troubles.length);
  for (const text of texts) {
    assert.match(text, /14:03/);
    assert.doesNotMatch(text, /live|reconnecting|offline/i);
  }
});
