import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChangeQueue } from '../../static/js/change-queue.js';

const settle = () => new Promise((resolve) => setImmediate(resolve));

// A queue, and the names of what has begun; `end(name)` ends one.
function openQueue() {
  const queue = new ChangeQueue();
  const begun = [];
  const ends = new Map();
  const add = (name, ids) => queue.add(ids, () => {
    begun.push(name);
    return new Promise((resolve, reject) => ends.set(name, { resolve, reject }));
  });
  const end = async (name, error = null) => {
    if (error) ends.get(name).reject(error);
    else ends.get(name).resolve(name);
    await settle();
  };
  return { queue, begun, add, end };
}

test('four changes run at once, the others in order after them', async () => {
  const { queue, begun, add, end } = openQueue();
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) add(name, [name]);

  assert.deepEqual(begun, ['a', 'b', 'c', 'd']);
  await end('c');
  assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'e']);
  assert.equal(queue.size, 5);
});

test('changes that share a call run in order, and stop no other', async () => {
  const { begun, add, end } = openQueue();
  add('archive both', ['1', '2']);
  add('move 2 back', ['2']);
  add('archive 3', ['3']);

  assert.deepEqual(begun, ['archive both', 'archive 3']);
  await end('archive both');
  assert.deepEqual(begun, ['archive both', 'archive 3', 'move 2 back']);
});

test('a turn without calls waits for all before it, and all after it wait', async () => {
  const { begun, add, end } = openQueue();
  add('a', ['a']);
  add('all', []);
  add('b', ['b']);

  assert.deepEqual(begun, ['a']);
  await end('a');
  assert.deepEqual(begun, ['a', 'all']);
  await end('all');
  assert.deepEqual(begun, ['a', 'all', 'b']);
});

test('only what has not begun can be withdrawn', async () => {
  const { queue, begun, add, end } = openQueue();
  const first = add('first', ['1']);
  const second = add('second', ['1']);

  assert.deepEqual([queue.withdraw(first), queue.withdraw(second)], [false, true]);
  await end('first');
  assert.deepEqual([begun, queue.size], [['first'], 0]);
});

test('a failure is told and stops no other', async () => {
  const { add, end } = openQueue();
  const failed = add('failed', ['1']);
  const next = add('next', ['1']);

  await Promise.all([assert.rejects(failed.done, /trouble/), end('failed', new Error('trouble'))]);
  await end('next');
  assert.equal(await next.done, 'next');
});
