// What the page may claim about its connection. Pure: knows no document and no clock.
//
// There are two hops: from the telephone system to the server (`link`), and from the server to this page.
// Only when both are up, and what was missed has come, is the page live.

import { gettext } from './words.js';

export const GRACE_MS = 4000;
export const OFFLINE_AFTER_MS = 20_000;

export function isWhole({ isOnline, isConnected, isCaughtUp, link }) {
  return isOnline && isConnected && isCaughtUp && link?.state === 'live';
}

// The state to show: short troubles leave it as it was.
export function stateToShow(shown, facts, brokenSince, now) {
  if (isWhole(facts)) return 'live';
  const brokenFor = now - brokenSince;
  if (brokenFor < GRACE_MS) return shown;
  const isHopeless = !facts.isOnline || facts.link?.state === 'offline' || brokenFor >= OFFLINE_AFTER_MS;
  return isHopeless ? 'offline' : 'reconnecting';
}

// After how many milliseconds the state may change by itself; null when it will not.
export function untilNextLook(brokenSince, now) {
  const brokenFor = now - brokenSince;
  return [GRACE_MS, OFFLINE_AFTER_MS].map((at) => at - brokenFor).find((wait) => wait > 0) ?? null;
}

// What does not work, since when, and what still does. It has none of the indicator's own words.
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
