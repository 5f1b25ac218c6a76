// The socket to the server: it tells the rest of the page what happened, and the server where to go on from.

import { io } from 'socket.io-client';
import { addCall, changeCall, removeCall } from './call-changes.js';
import { reportConnection } from './connection.js';
import { refresh, refreshSurely } from './refresh.js';
import { goToLogin, passOverNoAnswer } from './requests.js';

// After a restart of the server every open page comes back at once: each takes its time within this span.
const SPREAD_MS = 2000;
const REFUSED_PAUSE_MS = 5000;

let socket = null;
let retryTimer = null;
// Caught up is who was told everything since the last position and has no page left to read.
let isTold = false;
let readingCount = 0;

export function goLive() {
  const auth = (send) => send({ position: document.body.dataset.position });
  socket = io({ transports: ['websocket'], auth });
  followConnection();
  followCalls();
  addEventListener('pagehide', () => socket.disconnect()); // or the browser could not keep the page
  addEventListener('online', () => reportConnection({ isOnline: true }));
  addEventListener('offline', () => reportConnection({ isOnline: false }));
  reportConnection({});
}

// Connects at once instead of waiting for the next try.
export function reconnect() {
  if (!socket.connected) socket.disconnect().connect();
}

function followConnection() {
  // What the server sends while it lets us in comes before "connect": only "disconnect" may reset anything.
  socket.on('connect', () => reportConnection({ isConnected: true }));
  socket.on('disconnect', (reason) => {
    reportConnection({ isConnected: false, link: null });
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
    changeCall(call.id);
  });
  socket.on('add-call', ({ call, position }) => {
    takePosition(position);
    addCall(call);
  });
  socket.on('remove-call', ({ id, position }) => {
    takePosition(position);
    removeCall(id);
  });
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
