import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import {
  addWish,
  countWishesBefore,
  countedWishes,
  dropWish,
  forgetWishesBefore,
  isWished,
  noteState,
  settleWish,
  wishesSince,
} from '../../static/js/wishes.js';

const IN_INBOX = { was: false, names: ['missed', 'today'] };

afterEach(() => {
  for (const wish of wishesSince(-1)) dropWish(wish);
});

test('a wish covers what was requested before it was answered, and nothing later', () => {
  const wish = addWish('1', true, IN_INBOX);
  assert.deepEqual([wishesSince(999).length, isWished('1')], [1, true]);

  settleWish(wish, 100);

  assert.deepEqual([wishesSince(99).length, wishesSince(100).length, isWished('1')], [1, 0, false]);
  forgetWishesBefore(100);
  assert.deepEqual(wishesSince(0), []);
});

test('the counts follow a wish at once', () => {
  addWish('1', true, IN_INBOX);
  addWish('2', true, { was: false, names: [] });
  addWish('3', false, { was: true, names: ['missed'] });

  assert.deepEqual(countedWishes(), { inbox: -1, archived: 1, all: 0, missed: 0, voicemail: 0, today: -1 });
});

test('a wish is counted once: not after an event, or an answer, that includes it', () => {
  const wish = addWish('1', true, IN_INBOX);
  noteState('1', false);
  assert.equal(countedWishes().inbox, -1);
  noteState('1', true);
  assert.equal(countedWishes().inbox, 0);

  settleWish(wish, 10);
  const other = addWish('2', true, IN_INBOX);
  settleWish(other, 20);
  countWishesBefore(15);
  assert.equal(countedWishes().inbox, -1);
  countWishesBefore(25);
  assert.equal(countedWishes().inbox, 0);
});

test('an undo counts from what the counts include', () => {
  addWish('1', true, IN_INBOX);
  addWish('1', false, IN_INBOX);
  assert.equal(countedWishes().inbox, 0);

  addWish('2', true, IN_INBOX);
  noteState('2', true);
  addWish('2', false, IN_INBOX);
  assert.deepEqual(countedWishes(), { inbox: 1, archived: -1, all: 0, missed: 1, voicemail: 0, today: 1 });
});

test('a wish that failed leaves a later one of the same call alone', () => {
  const first = addWish('1', true, IN_INBOX);
  const second = addWish('1', false, IN_INBOX);

  assert.deepEqual([dropWish(first), wishesSince(0)], [false, [second]]);
  assert.deepEqual([dropWish(second), wishesSince(0)], [true, []]);
});
