// Wishes: states of calls that the page shows already, until a response that was requested after the answer shows them.
// Has no access to the document.

const wishes = new Map();

// `was` is the state that the counts of the page include; `names` are those of the counts that include the call while it
// is in the inbox.
export function addWish(id, isArchived, { was, names }) {
  const earlier = wishes.get(id);
  const counted = earlier ? (earlier.isCounted ? earlier.isArchived : earlier.was) : was;
  const wish = { id, isArchived, was: counted, names, isCounted: false, settledAt: Infinity };
  wishes.set(id, wish);
  return wish;
}

// The server has carried the wish out. `time` is a value of performance.now().
export function settleWish(wish, time) {
  wish.settledAt = time;
}

// The wish was not carried out. Returns whether it is still the latest for its call.
export function dropWish(wish) {
  return wishes.get(wish.id) === wish && wishes.delete(wish.id);
}

// An event told of a state: the counts that came with it include it.
export function noteState(id, isArchived) {
  const wish = wishes.get(id);
  if (wish?.isArchived === isArchived) wish.isCounted = true;
}

// So do counts that were requested at this time.
export function countWishesBefore(time) {
  for (const wish of wishes.values()) wish.isCounted ||= wish.settledAt <= time;
}

// The wishes that a response may not show yet that was requested at this time.
export function wishesSince(time) {
  return [...wishes.values()].filter(({ settledAt }) => settledAt > time);
}

// The whole page was drawn from a response that was requested at this time.
export function forgetWishesBefore(time) {
  for (const [id, { settledAt }] of wishes) if (settledAt <= time) wishes.delete(id);
}

export function isWished(id) {
  return wishes.get(id)?.settledAt === Infinity;
}

// What the wishes add to each count.
export function countedWishes() {
  const sums = { inbox: 0, archived: 0, all: 0, missed: 0, voicemail: 0, today: 0 };
  for (const { isArchived, was, names, isCounted } of wishes.values()) {
    if (isCounted || isArchived === was) continue;
    const step = isArchived ? 1 : -1;
    sums.archived += step;
    for (const name of ['inbox', ...names]) sums[name] -= step;
  }
  return sums;
}
