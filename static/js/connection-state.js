// The connection state to display. Pure functions.
//
// There are two hops: from the telephone system to the server (`link`), and from the server to this page.
// The page is live only when both are up and missed events have been received.

import { gettext } from './i18n.js';

export const GRACE_MS = 4000;
export const OFFLINE_AFTER_MS = 20_000;

export function isWhole({ isOnline, isConnected, isCaughtUp, link }) {
  return isOnline && isConnected && isCaughtUp && link?.state === 'live';
}

// The state to display. An outage shorter than GRACE_MS does not change it.
export function displayedState(shown, facts, brokenSince, now) {
  if (isWhole(facts)) return 'live';
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

// What does not work, since when, and what still works. Must not repeat the words of the indicator.
export function bannerText(shown, facts, since) {
  if (shown === 'live' || shown === 'starting') return '';
  if (!facts.isOnline) {
    return gettext('No network since %(time)s. What you see may be out of date; what you type is kept.', {
      time: since,
    });
  }
  if (facts.isConnected) {
    return gettext('Changes made elsewhere have not come through since %(time)s. Everything else works.', {
      time: since,
    });
  }
  return gettext(
    'Changes may come late since %(time)s: the page asks every 30 seconds. You can go on working.',
    { time: since },
  );
}
