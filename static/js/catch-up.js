// Reads the page again where the socket cannot have told everything: after a sleep, a long time out of sight,
// a way back through the history, and for as long as there is no live connection.

import { beginGrace, isLive, reportConnection } from './connection.js';
import { reconnect } from './live.js';
import { refresh } from './refresh.js';
import { passOverNoAnswer } from './requests.js';

const EVERY_MS = 30_000;
const LOOK_MS = 2000;
const LONG_UNSEEN_MS = 30_000;

let seenAt = Date.now();

export function catchUp() {
  setInterval(() => {
    if (!document.hidden && !isLive()) readAgain();
  }, EVERY_MS);
  addEventListener('online', comeBack);
  addEventListener('pageshow', (event) => {
    if (event.persisted) comeBack();
  });
  document.addEventListener('visibilitychange', look);
  setInterval(look, LOOK_MS);
}

// A page out of sight and a machine asleep have this in common: nobody looked for a long time.
function look() {
  if (document.hidden) return;
  const unseenFor = Date.now() - seenAt;
  seenAt += unseenFor;
  if (unseenFor > LONG_UNSEEN_MS) comeBack();
  else reportConnection({});
}

function comeBack() {
  seenAt = Date.now();
  beginGrace();
  reconnect();
  readAgain();
}

function readAgain() {
  if (navigator.onLine) refresh().catch(passOverNoAnswer); // the next turn comes in any case
}
