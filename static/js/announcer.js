// Announcements for screen readers, in a polite live region.

import { ngettext } from './i18n.js';

const BATCH_MS = 2000;

const updated = new Set();
let timer = null;

export function announce(text) {
  const announcer = document.getElementById('announcer');
  announcer.textContent = '';
  // Screen readers repeat a text only if the region was empty in between.
  requestAnimationFrame(() => {
    announcer.textContent = text;
  });
}

// Announces the number of updated calls, once per batch.
export function announceUpdated(ids) {
  for (const id of ids) updated.add(id);
  if (updated.size) timer ??= setTimeout(flushUpdated, BATCH_MS);
}

function flushUpdated() {
  announce(ngettext('%(number)s call updated.', '%(number)s calls updated.', updated.size));
  updated.clear();
  timer = null;
}
