import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asUser, inBackground } from '../../static/js/turns.js';

// A piece of work that ends when it is told to.
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

test("the user's requests are served in the order they were made", async () => {
  const first = openWork();
  const second = openWork();
  const done = [asUser(first.run), asUser(second.run)];

  await settle();
  assert.deepEqual([first.begun, second.begun], [1, 0]);
  first.end();
  await settle();
  assert.equal(second.begun, 1);

  second.end();
  await Promise.all(done);
});

test('a request that fails tells its caller and lets the next one through', async () => {
  const failed = asUser(() => Promise.reject(new Error('no answer')));
  const next = asUser(() => 'served');

  await assert.rejects(failed, /no answer/);
  assert.equal(await next, 'served');
});

test('background work waits until the user is served, whoever comes in between', async () => {
  const first = openWork();
  const second = openWork();
  const drawn = [];
  const users = [asUser(first.run), asUser(second.run)];
  const background = inBackground(() => 'read', (answer) => drawn.push(answer));

  first.end();
  await settle();
  assert.deepEqual(drawn, []);

  second.end();
  await Promise.all([...users, background]);
  assert.deepEqual(drawn, ['read']);
});

test('what was read before the user asked for something is read again, not drawn', async () => {
  const answers = ['old', 'new'];
  const reading = openWork();
  const drawn = [];
  const background = inBackground(
    async () => {
      await reading.run();
      return answers.shift();
    },
    (answer) => drawn.push(answer),
  );
  await settle();

  await asUser(() => 'archived');
  reading.end();
  await background;

  assert.deepEqual(drawn, ['new']);
});

test('background work is drawn one piece after another, and a failure stops only itself', async () => {
  const drawn = [];
  const slow = openWork();
  const first = inBackground(slow.run, (answer) => drawn.push(answer));
  const second = inBackground(() => Promise.reject(new Error('no answer')), (answer) => drawn.push(answer));
  const third = inBackground(() => 'third', (answer) => drawn.push(answer));

  slow.end('first');

  await first;
  await assert.rejects(second, /no answer/);
  await third;
  assert.deepEqual(drawn, ['first', 'third']);
});
