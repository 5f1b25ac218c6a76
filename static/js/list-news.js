// Which calls an open list offers as new, told from events alone. Pure functions.

const CURSOR = /^(-?\d+)-(.*)$/;
// Milliseconds. Stands for a missing time: such calls come last.
const NO_TIME = -(2 ** 53);

// `list`: { view, cursor, last }, keys as below. New is what belongs before the cursor that its pages are counted from,
// and on the first page also what belongs before its last row; on a later page, `last` is null.
export function isNews(call, { view, cursor, last }) {
  const key = keyOf(call.id, call.created_at);
  return isInView(call, view) && (isBefore(key, cursor) || (last !== null && isBefore(key, last)));
}

export function isInView({ is_archived: isArchived }, view) {
  return view === 'all' || isArchived === (view === 'archived');
}

export function keyOf(id, instant) {
  return { time: instant ? Date.parse(instant) : NO_TIME, id };
}

export function cursorKey(text) {
  const [, time, id] = CURSOR.exec(text);
  return { time: Number(time), id };
}

// The order of lists: newest first, and by id within one time.
export function isBefore(one, other) {
  return one.time === other.time ? one.id > other.id : one.time > other.time;
}
