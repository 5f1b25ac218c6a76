// Which calls have changed lately: a page that was being read meanwhile may show them as they were before.

const MOST_KEPT = 500;

const changes = [];

export function rememberChange(id) {
  changes.push({ id, at: performance.now() });
  if (changes.length > MOST_KEPT) changes.shift();
}

// `time` as performance.now() gives it.
export function changedSince(time) {
  return [...new Set(changes.filter(({ at }) => at >= time).map(({ id }) => id))];
}
