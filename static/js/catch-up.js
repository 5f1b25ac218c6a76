// Reads the page again where the socket cannot have told everything: after a sleep, a long time out of sight,
// a way back through the history, and for as long as there is no live connection.

import { isLive } from './connection.js';
import { reconnect } from './live.js';
import { refresh } from './refresh.js';
import { passOverNoAnswer } from './requests.js';

const EVERY_MS = 30_000;
const LONG_HIDDEN_MS = 30_000;

let hiddenSince = null;

export function catchUp() {
  setInterval(() => {
    if (!document.hidden && !isLive()) readAgain();
  }, EVERY_MS);
  addEventListener('online', comeBack);
  addEventListener('pageshow', (event) => {
    if (event.persisted) comeBack();
  });
  document.addEventListener('visibilitychange', followVisibility);
}

function followVisibility() {
  if (document.hidden) {
    hiddenSince = Date.now();
  } else if (hiddenSince !== null && Date.now() - hiddenSince > LONG_HIDDEN_MS) {
    comeBack();
  }
}

function comeBack() {
  reconnect();
  readAgain();
}

function readAgain() {
  if (navigator.onLine) refresh().catch(passOverNoAnswer); // the next turn comes in any case
}
