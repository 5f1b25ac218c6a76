// Recent changes of calls. A page that was requested before a change may show the call's old state.

const MAX_KEPT = 500;

const changes = [];

export function recordChange(id) {
  changes.push({ id, at: performance.now() });
  if (changes.length > MAX_KEPT) changes.shift();
}

// `time` is a value of performance.now().
export function callsChangedSince(time) {
  return [...new Set(changes.filter(({ at }) => at >= time).map(({ id }) => id))];
}
