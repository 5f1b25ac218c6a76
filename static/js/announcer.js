// Says things to who listens instead of looks: politely, shortly, and seldom.

import { ngettext } from './words.js';

const GATHER_MS = 2000;

const updated = new Set();
let timer = null;

export function say(text) {
  const announcer = document.getElementById('announcer');
  announcer.textContent = '';
  // The same words twice are news only if there was nothing in between.
  requestAnimationFrame(() => {
    announcer.textContent = text;
  });
}

// Counts calls, not events, and speaks of a burst once.
export function announceUpdated(ids) {
  for (const id of ids) updated.add(id);
  if (updated.size) timer ??= setTimeout(sayUpdated, GATHER_MS);
}

function sayUpdated() {
  say(ngettext('%(number)s call updated.', '%(number)s calls updated.', updated.size));
  updated.clear();
  timer = null;
}
