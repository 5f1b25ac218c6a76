// The socket to the server: it tells the rest of the page what happened, and the server where to go on from.

import { io } from 'socket.io-client';
import { changeCall, removeCall } from './call-changes.js';
import { reportConnection, reportSign } from './connection.js';
import { followPresence } from './presence.js';
import { refresh, refreshSurely } from './refresh.js';
import { goToLogin, passOverNoAnswer } from './requests.js';

// After a restart of the server every open page comes back at once: each takes its time within this span.
const SPREAD_MS = 2000;
const REFUSED_PAUSE_MS = 5000;
// The server is heard from every few seconds. After this long it has hung up, even if nobody could tell us.
const SILENCE_MS = 15_000;

let socket = null;
let retryTimer = null;
let heardAt = 0;
// Caught up is who was told everything since the last position and has no page left to read.
let isTold = false;
let readingCount = 0;

export function goLive() {
  const auth = (send) => {
    const call = document.getElementById('call')?.dataset.callId ?? null;
    send({ position: document.body.dataset.position, call });
  };
  socket = io({ transports: ['websocket'], auth });
  followConnection();
  followCalls();
  followPresence(socket);
  addEventListener('pagehide', () => socket.disconnect()); // or the browser could not keep the page
  addEventListener('online', () => reportConnection({ isOnline: true }));
  addEventListener('offline', () => reportConnection({ isOnline: false }));
  reportConnection({});
}

// Connects at once, unless there is a connection that has been heard from.
export function reconnect() {
  if (!socket.connected || isStale()) socket.disconnect().connect();
}

function followConnection() {
  // What the server sends while it lets us in comes before "connect": only "disconnect" may reset anything.
  socket.on('connect', () => {
    noteSign();
    reportConnection({ isConnected: true });
  });
  socket.io.on('ping', noteSign);
  socket.on('disconnect', (reason) => {
    // Of a silence it is known only late: the trouble began when it did. Through a longer one the machine slept.
    const since = reason === 'ping timeout' && !isStale() ? heardAt : Date.now();
    reportConnection({ isConnected: false, link: null }, since);
    reportTold(false);
    if (reason === 'io server disconnect') reconnectIn(0);
  });
  socket.on('connect_error', () => {
    if (!socket.active) followRefusal();
  });
  socket.on('link', (link) => reportConnection({ link }));
  socket.on('caught-up', ({ position }) => {
    takePosition(position);
    reportTold(true);
  });
  socket.on('reload', readAnew);
  socket.on('signed-out', () => goToLogin());
}

function followCalls() {
  socket.on('update-call', ({ call, position }) => {
    takePosition(position);
    changeCall(call);
  });
  socket.on('add-call', ({ call, position }) => {
    takePosition(position);
    changeCall(call);
  });
  socket.on('remove-call', ({ id, position }) => {
    takePosition(position);
    removeCall(id);
  });
}

function noteSign() {
  heardAt = Date.now();
  reportSign();
}

function isStale() {
  return Date.now() - heardAt > SILENCE_MS;
}

function takePosition(position) {
  document.body.dataset.position = position;
}

function reportTold(isTheCase) {
  isTold = isTheCase;
  reportConnection({ isCaughtUp: isTold && readingCount === 0 });
}

// Too much was missed to be sent, so the page reads itself again. The page that is read brings its position.
async function readAnew() {
  readingCount += 1;
  reportTold(true);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * SPREAD_MS));
  await refreshSurely();
  readingCount -= 1;
  reportTold(isTold);
}

// Nobody is let in without a session: if it is over, reading the page leads to the login page.
function followRefusal() {
  refresh().catch(passOverNoAnswer);
  reconnectIn(REFUSED_PAUSE_MS);
}

// The library comes back by itself only where the connection broke, not where the server ended it.
function reconnectIn(pause) {
  clearTimeout(retryTimer);
  retryTimer = setTimeout(reconnect, pause + Math.random() * SPREAD_MS);
}
