// Refreshes the page when socket events may have been missed: after sleep, a long time in a hidden tab or a return
// from the back/forward cache; and by polling while there is no live connection.

import { zone } from './i18n.js';
import { startGracePeriod, isLive, reportConnection } from './connection.js';
import { reconnect } from './live.js';
import { refresh } from './refresh.js';
import { ignoreNoResponse } from './requests.js';
import { serverDay } from './server-clock.js';

const POLL_MS = 30_000;
const CHECK_MS = 2000;
const MAX_HIDDEN_MS = 30_000;
// After midnight, open pages ask one after the other.
const SPREAD_MS = 3000;

let visibleAt = Date.now();
let shownDay;

export function catchUp() {
  shownDay = serverDay();
  setInterval(() => {
    // In the queue, waiting times grow, and callers who were reached go after a while.
    if (!document.hidden && (!isLive() || document.getElementById('callers'))) refreshPage();
  }, POLL_MS);
  addEventListener('online', resume);
  addEventListener('pageshow', (event) => {
    if (event.persisted) resume();
  });
  document.addEventListener('visibilitychange', checkForSleep);
  setInterval(checkForSleep, CHECK_MS);
}

// Timers stop both in a hidden tab and while the machine sleeps, so a long gap covers both cases.
function checkForSleep() {
  if (document.hidden) return;
  const hiddenFor = Date.now() - visibleAt;
  visibleAt += hiddenFor;
  if (hiddenFor > MAX_HIDDEN_MS) resume();
  else reportConnection({});
  followDay();
}

// "Today" is another day after midnight, and where the machine has been taken to another time zone.
function followDay() {
  if (Intl.DateTimeFormat().resolvedOptions().timeZone !== zone) location.reload();
  const day = serverDay();
  if (day !== shownDay) setTimeout(refreshPage, Math.random() * SPREAD_MS);
  shownDay = day;
}

function resume() {
  visibleAt = Date.now();
  startGracePeriod();
  reconnect();
  refreshPage();
}

function refreshPage() {
  if (navigator.onLine) refresh().catch(ignoreNoResponse); // polling tries again
}
