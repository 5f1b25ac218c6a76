// The connection indicator in the header, and the banner that says what still works.

import { displayedState, isLinked, isReachable, isWhole, msUntilNextChange, troubleOf } from './connection-state.js';
import { gettext, locale } from './i18n.js';
import { checkServerWhile } from './server-check.js';
import { serverTime } from './server-clock.js';

const WORDS = {
  starting: gettext('Reconnecting'),
  live: gettext('Live'),
  reconnecting: gettext('Reconnecting'),
  offline: gettext('Offline'),
};

// Without `navigator` in tests.
const isOnline = globalThis.navigator?.onLine !== false;
const facts = { isOnline, isConnected: false, isCaughtUp: false, isRead: true, link: null };
// What the page asked for and did not get: rows or counts that it knows to have changed.
const missing = new Set();
let shown = 'starting';
let brokenSince = Date.now();
// Time of the last sign that all was well. After a sleep it is earlier than `brokenSince`.
let goodAt = brokenSince;
let liveSince = null;
let timer = null;

// `since` is when the reported state began.
export function reportConnection(news, since = Date.now()) {
  const wasWhole = isWhole(facts);
  const wasReachable = isReachable(facts);
  Object.assign(facts, news);
  if (wasWhole && !isWhole(facts)) brokenSince = since;
  const { isOnline, isConnected } = facts;
  if (isConnected) facts.isServing = undefined;
  checkServerWhile(isOnline && !isConnected, reportConnection);
  showState();
  if (!wasReachable && isReachable(facts)) document.dispatchEvent(new CustomEvent('callboard:reachable'));
}

// Whether what the page asked for, named by `part`, has come.
export function reportReading(part, isRead) {
  if (isRead) missing.delete(part);
  else missing.add(part);
  reportConnection({ isRead: missing.size === 0 });
}

// Call this on every sign of life from the server. It confirms that the connection was good until now.
export function reportHeartbeat() {
  if (isWhole(facts)) goodAt = Date.now();
}

// Restart the grace period, so that a user who comes back does not see an outage at once.
export function startGracePeriod() {
  brokenSince &&= Date.now();
  showState();
}

// Whether changes come by themselves; the API may have trouble all the same.
export function isLive() {
  return isLinked(facts);
}

function showState() {
  clearTimeout(timer);
  const now = Date.now();
  if (isWhole(facts) && brokenSince !== null) goodAt = now;
  brokenSince = isWhole(facts) ? null : (brokenSince ?? now);
  shown = displayedState(shown, facts, brokenSince, now);
  liveSince = shown === 'live' ? (liveSince ?? now) : null;
  const wait = brokenSince === null ? null : msUntilNextChange(brokenSince, now);
  if (wait !== null) timer = setTimeout(showState, wait);
  draw();
}

function draw() {
  const chip = document.getElementById('connection');
  const banner = document.getElementById('banner');
  const since = clock(shown === 'live' ? serverTime(liveSince) : lastGood());
  const reason = shown === 'live' ? '' : (facts.link?.reason ?? '');
  document.documentElement.dataset.connection = shown === 'starting' ? 'reconnecting' : shown;
  chip.dataset.state = banner.dataset.state = shown;
  chip.title = gettext('Since %(time)s', { time: since }) + (reason && ` – ${gettext(reason)}`);
  setText(chip.querySelector('[data-connection-label]'), WORDS[shown]);
  setText(banner, gettext(banner.dataset[troubleOf(shown, facts)] ?? '', { time: since }));
}

// The server's link may have been down, and the API in trouble, since before this page was opened.
function lastGood() {
  const { link } = facts;
  const began = [link?.trouble?.since, link && link.state !== 'live' && link.since].filter(Boolean).map(Date.parse);
  return Math.min(serverTime(goodAt), ...began.filter((time) => !Number.isNaN(time)));
}

function clock(time) {
  const timeZone = document.documentElement.dataset.zone;
  return new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', timeZone }).format(time);
}

// A live region announces a text again even if it is written unchanged.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
