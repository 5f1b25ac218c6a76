// Follows what the team tells of numbers, such as their names: whatever shows one of them is read again.

import { refreshWithRetry } from './refresh.js';
import { refreshRows } from './row-refresh.js';

// Random delay after a change of many numbers, so that open pages do not all ask at once.
const SPREAD_MS = 2000;

export function followTeam(socket) {
  socket.on('team-change', ({ topic, revision, numbers }) => {
    document.body.dataset[topic] = revision;
    if (numbers) numbers.forEach(readAgain);
    else setTimeout(refreshWithRetry, Math.random() * SPREAD_MS);
  });
}

function readAgain(number) {
  for (const shown of document.querySelectorAll(`[data-numbers~="${CSS.escape(number.replaceAll(' ', '_'))}"], #directory, #queue`)) {
    if (shown.closest('#list')) refreshRows([shown.dataset.callId]);
    else refreshWithRetry();
  }
}
