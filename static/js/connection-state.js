// The connection state to display. Pure functions.
//
// There are two hops: from the telephone system to the server (`link`), and from the server to this page.
// The page is live only when both are up, missed events have been received, what it asks for comes, and the telephone system answers:
// otherwise new calls may be missing. Its `trouble` was confirmed by the server and is shown at once.

export const GRACE_MS = 4000;
export const OFFLINE_AFTER_MS = 20_000;

// Whether forms can be sent.
export function isReachable({ isOnline, isConnected, isServing }) {
  return isOnline && Boolean(isConnected || isServing);
}

export function isLinked({ isOnline, isConnected, isCaughtUp, isRead, link }) {
  return isOnline && isConnected && isCaughtUp && isRead && link?.state === 'live';
}

export function isWhole(facts) {
  return isLinked(facts) && !facts.link.trouble;
}

// The state to display. An outage shorter than GRACE_MS does not change it.
export function displayedState(shown, facts, brokenSince, now) {
  if (isWhole(facts)) return 'live';
  if (isLinked(facts)) return 'reconnecting';
  const brokenFor = now - brokenSince;
  if (brokenFor < GRACE_MS) return shown;
  const isHopeless = !facts.isOnline || facts.link?.state === 'offline' || brokenFor >= OFFLINE_AFTER_MS;
  return isHopeless ? 'offline' : 'reconnecting';
}

// Milliseconds until the state may change without an event; null if it will not.
export function msUntilNextChange(brokenSince, now) {
  const brokenFor = now - brokenSince;
  return [GRACE_MS, OFFLINE_AFTER_MS].map((at) => at - brokenFor).find((wait) => wait > 0) ?? null;
}

// What does not work, by the name that its words have in `templates/_banner.html`; empty while all does. `isServing` is
// false if the server does not answer at all.
export function troubleOf(shown, { isOnline, isConnected, isServing, link }) {
  if (shown === 'live' || shown === 'starting') return '';
  if (!isOnline) return 'network';
  if (!isConnected) return isServing === false ? 'server' : 'socket';
  return link?.trouble?.kind ?? 'link';
}
