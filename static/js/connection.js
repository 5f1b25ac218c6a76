// The indicator in the header, and the banner that says what still works. It tells what it is told.

import { bannerText, isWhole, stateToShow, untilNextLook } from './connection-state.js';
import { gettext, locale } from './words.js';

const WORDS = {
  starting: gettext('Reconnecting'),
  live: gettext('Live'),
  reconnecting: gettext('Reconnecting'),
  offline: gettext('Offline'),
};

const facts = { isOnline: navigator.onLine, isConnected: false, isCaughtUp: false, link: null };
let shown = 'starting';
let brokenSince = Date.now();
// When last all was well, as far as was heard: before a sleep, say, where the trouble began only after it.
let goodAt = brokenSince;
let liveSince = null;
let timer = null;

// `since` is when what is told began.
export function reportConnection(news, since = Date.now()) {
  const wasWhole = isWhole(facts);
  Object.assign(facts, news);
  if (wasWhole && !isWhole(facts)) brokenSince = since;
  look();
}

// The server has been heard from: what was good until then is so still.
export function reportSign() {
  if (isWhole(facts)) goodAt = Date.now();
}

// Who was away gets the usual time before trouble is shown.
export function beginGrace() {
  brokenSince &&= Date.now();
  look();
}

export function isLive() {
  return isWhole(facts);
}

function look() {
  clearTimeout(timer);
  const now = Date.now();
  if (isWhole(facts) && brokenSince !== null) goodAt = now;
  brokenSince = isWhole(facts) ? null : (brokenSince ?? now);
  shown = stateToShow(shown, facts, brokenSince, now);
  liveSince = shown === 'live' ? (liveSince ?? now) : null;
  const wait = brokenSince === null ? null : untilNextLook(brokenSince, now);
  if (wait !== null) timer = setTimeout(look, wait);
  draw();
}

function draw() {
  const chip = document.getElementById('connection');
  const banner = document.getElementById('banner');
  const since = clock(shown === 'live' ? liveSince : lastGood());
  const reason = shown === 'live' ? '' : (facts.link?.reason ?? '');
  document.documentElement.dataset.connection = shown === 'starting' ? 'reconnecting' : shown;
  chip.dataset.state = banner.dataset.state = shown;
  chip.title = gettext('Since %(time)s', { time: since }) + (reason && ` – ${gettext(reason)}`);
  setText(chip.querySelector('[data-connection-label]'), WORDS[shown]);
  setText(banner, bannerText(shown, facts, since));
}

// The server's own link may have been down for longer than this page has been open.
function lastGood() {
  const linkSince = facts.link && facts.link.state !== 'live' ? Date.parse(facts.link.since) : NaN;
  return Math.min(goodAt, Number.isNaN(linkSince) ? Infinity : linkSince);
}

function clock(time) {
  const timeZone = document.documentElement.dataset.zone;
  return new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', timeZone }).format(time);
}

// Writing the same text again would have it read out again.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
