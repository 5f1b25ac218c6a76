import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverDay, serverTime, setServerTime } from '../../static/js/server-clock.js';

function dayIn(zone, instant) {
  globalThis.document = { documentElement: { dataset: { zone } } };
  setServerTime(instant);
  return serverDay();
}

test('the day is that of the viewer by the clock of the server, whatever the clock of the browser says', () => {
  assert.equal(dayIn('Europe/Paris', '2031-05-04T21:59:00.000Z'), '2031-05-04');
  assert.equal(dayIn('Europe/Paris', '2031-05-04T22:00:01.000Z'), '2031-05-05');
  assert.equal(dayIn('America/New_York', '2031-05-04T22:00:01.000Z'), '2031-05-04');
});

test('times of the browser are shown as those of the server, and one that is none changes nothing', () => {
  const now = Date.now();
  setServerTime(new Date(now - 7_200_000).toISOString());
  setServerTime(undefined);

  assert.ok(Math.abs(serverTime(now) - (now - 7_200_000)) < 1000);
});
