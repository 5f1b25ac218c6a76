// The Socket.IO connection: hands events to the page and sends the last stream position to the server.

import { io } from 'socket.io-client';
import { handleCallChanged, handleCallRemoved } from './call-events.js';
import { reportConnection, reportHeartbeat } from './connection.js';
import { zone } from './i18n.js';
import { followPresence, shownCall } from './presence.js';
import { refresh, refreshWithRetry } from './refresh.js';
import { goToLogin, ignoreNoResponse } from './requests.js';
import { setServerTime } from './server-clock.js';
import { followTeam } from './team-news.js';

// Random delay, so that open pages do not all reconnect at once after a server restart.
const SPREAD_MS = 2000;
const REFUSED_RETRY_MS = 5000;
// Failed handshakes from which on the session may be over.
const REFUSALS = 2;
// The server pings every few seconds. After this long the connection is dead, even without a disconnect event.
const SILENCE_MS = 15_000;

let socket = null;
let retryTimer = null;
// Since the last connection. A browser does not tell why a handshake failed.
let failureCount = 0;
let heardAt = 0;
// Language and time zone of the rows that come with events; null on a page without a list.
let rowsAs = null;
// The page is caught up when missed events were received and no reload is pending.
let isCaughtUp = false;
let refreshCount = 0;
let hasTrouble = false;

export function goLive() {
  const auth = (send) => {
    rowsAs = document.getElementById('list') && { language: document.documentElement.dataset.format, zone };
    const { position, directory, claims } = document.body.dataset;
    send({ position, call: shownCall(), rows: rowsAs, directory, claims });
  };
  socket = io({ transports: ['websocket'], auth });
  followConnection();
  followCalls();
  followPresence(socket);
  followTeam(socket);
  // An open socket would keep the page out of the back/forward cache.
  addEventListener('pagehide', () => socket.disconnect());
  addEventListener('online', () => reportConnection({ isOnline: true }));
  addEventListener('offline', () => reportConnection({ isOnline: false }));
  reportConnection({});
}

// Reconnects at once, unless the connection is up and not stale.
export function reconnect() {
  if (!socket.connected || isStale()) socket.disconnect().connect();
}

function followConnection() {
  // The server's first events arrive before "connect", so state is reset on "disconnect" only.
  socket.on('connect', () => {
    failureCount = 0;
    noteHeartbeat();
    reportConnection({ isConnected: true });
  });
  socket.io.on('ping', noteHeartbeat);
  socket.on('disconnect', (reason) => {
    // A ping timeout is detected late: the outage began at the last ping, unless the machine slept meanwhile.
    const since = reason === 'ping timeout' && !isStale() ? heardAt : Date.now();
    reportConnection({ isConnected: false, link: null }, since);
    reportCaughtUp(false);
    if (reason === 'io server disconnect') reconnectIn(0);
  });
  socket.on('connect_error', () => {
    failureCount += 1;
    if (!socket.active) followRefusal();
    // A restart is over sooner. If the session is, the refresh leads to the login page. In sight, a page reads anew anyway.
    else if (failureCount % REFUSALS === 0 && !document.hidden) refresh().catch(ignoreNoResponse);
  });
  socket.on('link', takeLink);
  socket.on('caught-up', ({ position }) => {
    takePosition(position);
    reportCaughtUp(true);
  });
  socket.on('reload', reloadPage);
  socket.on('signed-out', () => {
    socket.disconnect(); // else it is connected again, in vain, while the browser goes
    goToLogin();
  });
}

// What the API's trouble has left on the page, such as a warning above the list, goes with it.
function takeLink(link) {
  setServerTime(link.now);
  reportConnection({ link });
  if (hasTrouble && !link.trouble) refreshLater();
  hasTrouble = Boolean(link.trouble);
}

function refreshLater() {
  setTimeout(() => refresh().catch(ignoreNoResponse), Math.random() * SPREAD_MS);
}

function followCalls() {
  socket.on('update-call', handle(handleCallChanged));
  socket.on('add-call', handle((event) => handleCallChanged({ ...event, isNew: true })));
  socket.on('remove-call', handle(handleCallRemoved));
}

function handle(handler) {
  return (event) => {
    takePosition(event.position);
    if (document.getElementById('directory')) return; // it shows no calls
    handler(isReadHere(event) ? event : { ...event, html: null });
  };
}

// A row with older names or claims than the page's is not drawn.
function isReadHere({ directory, claims }) {
  const { format, zone: shownZone } = document.documentElement.dataset;
  // Rows of a search show the note that was found.
  if (document.querySelector('#list[data-searched]')) return false;
  const shown = document.body.dataset;
  const isCurrent = directory >= shown.directory && claims >= shown.claims;
  return isCurrent && format === rowsAs?.language && shownZone === rowsAs.zone;
}

function noteHeartbeat() {
  heardAt = Date.now();
  reportHeartbeat();
}

function isStale() {
  return Date.now() - heardAt > SILENCE_MS;
}

function takePosition(position) {
  document.body.dataset.position = position;
}

function reportCaughtUp(isCaughtUpNow) {
  isCaughtUp = isCaughtUpNow;
  reportConnection({ isCaughtUp: isCaughtUp && refreshCount === 0 });
}

// The server could not send all missed events. The refreshed page brings its own stream position.
async function reloadPage() {
  refreshCount += 1;
  reportCaughtUp(true);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * SPREAD_MS));
  await refreshWithRetry();
  refreshCount -= 1;
  reportCaughtUp(isCaughtUp);
}

// The server refuses sockets without a session. If it is over, the refresh leads to the login page.
function followRefusal() {
  refresh().catch(ignoreNoResponse);
  reconnectIn(REFUSED_RETRY_MS);
}

// socket.io-client does not reconnect by itself when the server closed the connection.
function reconnectIn(pause) {
  clearTimeout(retryTimer);
  retryTimer = setTimeout(reconnect, pause + Math.random() * SPREAD_MS);
}
