import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enqueueUserRequest, enqueueBackgroundRequest } from '../../static/js/request-queue.js';

// Work that the test ends.
function openWork() {
  const work = { begun: 0 };
  work.ended = new Promise((resolve, reject) => Object.assign(work, { end: resolve, fail: reject }));
  work.run = () => {
    work.begun += 1;
    return work.ended;
  };
  return work;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("user requests run in order", async () => {
  const first = openWork();
  const second = openWork();
  const done = [enqueueUserRequest(first.run), enqueueUserRequest(second.run)];

  await settle();
  assert.deepEqual([first.begun, second.begun], [1, 0]);
  first.end();
  await settle();
  assert.equal(second.begun, 1);

  second.end();
  await Promise.all(done);
});

test('a failed request rejects and does not stop the next', async () => {
  const failed = enqueueUserRequest(() => Promise.reject(new Error('no answer')));
  const next = enqueueUserRequest(() => 'served');

  await assert.rejects(failed, /no answer/);
  assert.equal(await next, 'served');
});

test('background requests wait until all user requests are done', async () => {
  const first = openWork();
  const second = openWork();
  const drawn = [];
  const users = [enqueueUserRequest(first.run), enqueueUserRequest(second.run)];
  const background = enqueueBackgroundRequest(() => 'read', (answer) => drawn.push(answer));

  first.end();
  await settle();
  assert.deepEqual(drawn, []);

  second.end();
  await Promise.all([...users, background]);
  assert.deepEqual(drawn, ['read']);
});

test('a background response from before a user request is fetched again, not drawn', async () => {
  const answers = ['old', 'new'];
  const reading = openWork();
  const drawn = [];
  const background = enqueueBackgroundRequest(
    async () => {
      await reading.run();
      return answers.shift();
    },
    (answer) => drawn.push(answer),
  );
  await settle();

  await enqueueUserRequest(() => 'archived');
  reading.end();
  await background;

  assert.deepEqual(drawn, ['new']);
});

test('background requests run one at a time, and a failure does not stop the next', async () => {
  const drawn = [];
  const slow = openWork();
  const first = enqueueBackgroundRequest(slow.run, (answer) => drawn.push(answer));
  const second = enqueueBackgroundRequest(() => Promise.reject(new Error('no answer')), (answer) => drawn.push(answer));
  const third = enqueueBackgroundRequest(() => 'third', (answer) => drawn.push(answer));

  slow.end('first');

  await first;
  await assert.rejects(second, /no answer/);
  await third;
  assert.deepEqual(drawn, ['first', 'third']);
});
