import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bannerText, isWhole, displayedState, msUntilNextChange } from '../../static/js/connection-state.js';

const UP = { isOnline: true, isConnected: true, isCaughtUp: true, link: { state: 'live' } };
const BROKEN_SINCE = 100_000;
const after = (seconds) => BROKEN_SINCE + seconds * 1000;

test('live needs both hops and no missed events', () => {
  assert.equal(isWhole(UP), true);
  assert.equal(isWhole({ ...UP, isOnline: false }), false);
  assert.equal(isWhole({ ...UP, isConnected: false }), false);
  assert.equal(isWhole({ ...UP, isCaughtUp: false }), false);
  assert.equal(isWhole({ ...UP, link: null }), false);
  assert.equal(isWhole({ ...UP, link: { state: 'reconnecting' } }), false);
});

test('an outage of less than four seconds is not shown', () => {
  const facts = { ...UP, isConnected: false };

  assert.equal(displayedState('live', facts, BROKEN_SINCE, after(3.9)), 'live');
  assert.equal(displayedState('live', facts, BROKEN_SINCE, after(4)), 'reconnecting');
});

test('the initial state does not change before the grace period is over', () => {
  const facts = { ...UP, isConnected: false };

  assert.equal(displayedState('starting', facts, BROKEN_SINCE, after(1)), 'starting');
  assert.equal(displayedState('starting', UP, null, after(1)), 'live');
});

test('the page is offline after twenty seconds without a connection', () => {
  const facts = { ...UP, isConnected: false };

  assert.equal(displayedState('reconnecting', facts, BROKEN_SINCE, after(19.9)), 'reconnecting');
  assert.equal(displayedState('reconnecting', facts, BROKEN_SINCE, after(20)), 'offline');
});

test('without a network, or when the server is offline itself, the page is offline after four seconds', () => {
  assert.equal(displayedState('live', { ...UP, isOnline: false }, BROKEN_SINCE, after(4)), 'offline');
  assert.equal(displayedState('live', { ...UP, link: { state: 'offline' } }, BROKEN_SINCE, after(4)), 'offline');
});

test('a restored connection is live at once', () => {
  assert.equal(displayedState('offline', UP, null, after(60)), 'live');
});

test('the state is checked again when it may have changed by time alone', () => {
  assert.equal(msUntilNextChange(BROKEN_SINCE, after(1)), 3000);
  assert.equal(msUntilNextChange(BROKEN_SINCE, after(4)), 16_000);
  assert.equal(msUntilNextChange(BROKEN_SINCE, after(20)), null);
});

test('the banner is empty while nothing is wrong', () => {
  assert.equal(bannerText('live', UP, '14:03'), '');
  assert.equal(bannerText('starting', { ...UP, isConnected: false }, '14:03'), '');
});

test('the banner says what is wrong and since when, without the words of the indicator', () => {
  const troubles = [{ isOnline: false }, { isConnected: false }, { link: { state: 'reconnecting' } }];

  const texts = troubles.map((trouble) => bannerText('offline', { ...UP, ...trouble }, '14:03'));

  assert.equal(new Set(texts).size, troubles.length);
  for (const text of texts) {
    assert.match(text, /14:03/);
    assert.doesNotMatch(text, /live|reconnecting|offline/i);
  }
});
