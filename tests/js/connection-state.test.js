import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayedState, isWhole, msUntilNextChange, troubleOf } from '../../static/js/connection-state.js';

const UP = { isOnline: true, isConnected: true, isCaughtUp: true, isRead: true, link: { state: 'live' } };
const BROKEN_SINCE = 100_000;
const after = (seconds) => BROKEN_SINCE + seconds * 1000;

test('live needs both hops and no missed events', () => {
  assert.equal(isWhole(UP), true);
  assert.equal(isWhole({ ...UP, isOnline: false }), false);
  assert.equal(isWhole({ ...UP, isConnected: false }), false);
  assert.equal(isWhole({ ...UP, isCaughtUp: false }), false);
  assert.equal(isWhole({ ...UP, isRead: false }), false);
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

test('an api in trouble is not live, from the first moment on, and never offline', () => {
  const facts = { ...UP, link: { state: 'live', trouble: { kind: 'silent' } } };

  assert.equal(isWhole(facts), false);
  assert.equal(displayedState('live', facts, BROKEN_SINCE, after(0)), 'reconnecting');
  assert.equal(displayedState('reconnecting', facts, BROKEN_SINCE, after(60)), 'reconnecting');
});

test('a restored connection is live at once', () => {
  assert.equal(displayedState('offline', UP, null, after(60)), 'live');
});

test('the state is checked again when it may have changed by time alone', () => {
  assert.equal(msUntilNextChange(BROKEN_SINCE, after(1)), 3000);
  assert.equal(msUntilNextChange(BROKEN_SINCE, after(4)), 16_000);
  assert.equal(msUntilNextChange(BROKEN_SINCE, after(20)), null);
});

test('nothing is wrong while the page is live or has just begun', () => {
  assert.equal(troubleOf('live', UP), '');
  assert.equal(troubleOf('starting', { ...UP, isConnected: false }), '');
});

test('each trouble has words of its own, and only a server that does not answer is said to be down', () => {
  const troubles = {
    network: { isOnline: false },
    socket: { isConnected: false },
    server: { isConnected: false, isServing: false },
    link: { link: { state: 'reconnecting' } },
    silent: { link: { state: 'live', trouble: { kind: 'silent' } } },
    unreadable: { link: { state: 'live', trouble: { kind: 'unreadable' } } },
  };

  for (const [name, facts] of Object.entries(troubles)) assert.equal(troubleOf('offline', { ...UP, ...facts }), name);
  assert.equal(troubleOf('offline', { ...UP, isConnected: false, isServing: true }), 'socket');
});
