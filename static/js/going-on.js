// Goes on to the next call once a call was archived on its page, for those who chose so; Undo leads back to it.
// The server does the same without scripts.

import { visitCall } from './call-visit.js';
import { turnPage } from './page-turn.js';

// Where a form that is being sent leads, and the addresses of the calls that were left by what undoes it.
const following = new WeakMap();
const left = new Map();

// These events do not bubble.
export function goOnAfterArchiving() {
  document.addEventListener('callboard:sending', ({ target }) => wait(target), true);
  document.addEventListener('callboard:sent', ({ target }) => goOn(target), true);
}

// Keys that are pressed from now on are meant for the next call.
function wait(form) {
  if (!addressAfter(form)) return;
  following.set(form, addressAfter(form));
  turnPage(new Promise((resolve) => {
    form.addEventListener('callboard:sent', () => resolve(true), { once: true });
    form.addEventListener('callboard:settled', () => resolve(false), { once: true });
  }));
}

function goOn(form) {
  const address = following.get(form) ?? addressAfter(form);
  const undo = document.querySelector('[data-undo]')?.form.getAttribute('action');
  if (!address) return;
  if (undo) left.set(undo, location.href);
  visitCall(address);
}

function addressAfter(form) {
  return form.elements.goes_on?.dataset.following ?? left.get(form.getAttribute('action'));
}
