// Calls that came while the list was shown. They never push the rows about: a link says how many they are.

import { say } from './announcer.js';
import { newCallsText } from './list-query.js';

const ids = new Set();

// A list that was drawn whole has them.
export function enhanceNewCalls() {
  document.addEventListener('callboard:drawn', ({ detail }) => {
    if (detail.isWhole) ids.clear();
  });
}

export function offerNewCalls(newIds) {
  const link = document.getElementById('new-calls');
  if (link.hidden) say(newIds.length ? 'New calls available.' : 'The list has changed.');
  for (const id of newIds) ids.add(id);
  link.hidden = false;
  drawLabel();
}

export function forgetNewCall(id) {
  if (ids.delete(id)) drawLabel();
}

function drawLabel() {
  document.querySelector('[data-new-calls-label]').textContent = newCallsText(ids.size);
}
