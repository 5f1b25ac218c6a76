// Goes on to the next call at once when a call is archived on its page, for those who chose so; Undo leads back to it.
// The server does the same without scripts.

import { visitCall } from './call-visit.js';
import { turnPage } from './page-turn.js';

// Addresses of the calls that were left, by id.
const left = new Map();

export function goOnAfterArchiving() {
  document.addEventListener('callboard:acted', ({ detail: { ids: [id], form } }) => {
    const address = form ? form.elements.goes_on?.dataset.following : left.get(id);
    if (!address) return;
    if (form) left.set(id, location.href);
    else left.delete(id);
    turnPage(visitCall(address));
  });
}
