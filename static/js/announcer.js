// Announcements for screen readers, in a polite live region.

import { ngettext } from './i18n.js';

// Milliseconds without a change after which a batch ends, and how long it may last.
const PAUSE_MS = 1000;
const LONGEST_MS = 5000;
const EMPTY_MS = 50;

const texts = new Set();
const updated = new Set();
let isInSight = false;
let timer = null;
let endsAt = 0;

// Texts at the same time are announced together. Screen readers repeat a text only if the region was empty in between.
export function announce(text) {
  const announcer = document.getElementById('announcer');
  announcer.textContent = '';
  if (texts.add(text).size > 1) return;
  setTimeout(() => {
    announcer.textContent = [...texts].join(' ');
    texts.clear();
  }, EMPTY_MS);
}

// Announces how many calls were updated, once for changes that come together. Those that the page does not show count,
// but are not announced alone.
export function announceUpdated(ids, { isShown = true } = {}) {
  if (!ids.length) return;
  if (!updated.size) endsAt = Date.now() + LONGEST_MS;
  for (const id of ids) updated.add(id);
  isInSight ||= isShown;
  clearTimeout(timer);
  timer = setTimeout(flushUpdated, Math.min(PAUSE_MS, endsAt - Date.now()));
}

function flushUpdated() {
  if (isInSight) announce(ngettext('%(number)s call updated.', '%(number)s calls updated.', updated.size));
  updated.clear();
  isInSight = false;
}
