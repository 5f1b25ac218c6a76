// Goes on to the next call once a call was archived on its page, for those who chose so; Undo leads back to it.
// The server does the same without scripts.

import { visitCall } from './call-visit.js';
import { turnPage } from './page-turn.js';

// Addresses of the calls that were left, by the address that undoes it.
const left = new Map();

export function goOnAfterArchiving() {
  // These events do not bubble.
  document.addEventListener('callboard:sending', ({ target: form }) => {
    const address = form.elements.goes_on?.dataset.following ?? left.get(form.getAttribute('action'));
    if (address) follow(form, address);
  }, true);
}

// Keys that are pressed from now on are meant for the next call.
function follow(form, address) {
  turnPage(new Promise((resolve) => {
    form.addEventListener('callboard:sent', () => {
      const undo = document.querySelector('[data-undo]')?.form.getAttribute('action');
      if (undo) left.set(undo, location.href);
      resolve(visitCall(address));
    }, { once: true });
    form.addEventListener('callboard:settled', () => resolve(false), { once: true });
  }));
}
