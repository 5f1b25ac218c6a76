// The pane beside the list: calls open in it, and once one is open, it follows the row that has the keyboard's focus.

import { cancelVisits, isPlain, visitCall } from './call-visit.js';
import { turnPage, turningPage } from './page-turn.js';
import { shownCall } from './presence.js';

const WIDE = matchMedia('(min-width: 75rem)');
// Rows that are only passed are not read.
const REST_MS = 120;

// Ends a visit that still waits for the focus to rest.
let drop = () => {};
// A promise of whether the call of the focused row has come; null once it is here.
let arriving = null;

export function enhanceSplit() {
  document.addEventListener('click', open);
  document.addEventListener('focusin', ({ target }) => follow(target));
  document.addEventListener('callboard:drawn', mark);
  mark();
}

// Does `act` with the pane once it shows the call of the focused row; other keys wait for that.
export function withPane(act) {
  if (!arriving) act();
  else {
    turnPage(arriving.then((hasCome) => {
      if (hasCome) act();
      return hasCome;
    }));
  }
}

// The list has another address, unless a key turned its page: the pane then follows to a row of that.
export function closePane() {
  if (!pane() || !shownCall() || turningPage()) return;
  stay();
  pane().replaceChildren(document.getElementById('no-call').content.cloneNode(true));
  document.dispatchEvent(new CustomEvent('callboard:drawn', { detail: { isWhole: false } }));
}

function open(event) {
  const link = event.target.closest('#list .call-row__who');
  if (!link || !WIDE.matches || !isPlain(event)) return;
  event.preventDefault();
  if (idOf(link) !== shownCall()) visit(link, { keepsFocus: true }, 0);
  else if (event.detail === 0) pane().focus({ preventScroll: true }); // by a key
}

function follow(target) {
  if (!target.matches('#list .call-row__who:focus-visible') || !WIDE.matches || !(shownCall() ?? arriving)) return;
  if (idOf(target) !== shownCall()) visit(target, { remember: 'replaceState', keepsFocus: true }, REST_MS);
  else stay();
}

function visit(link, options, delay) {
  drop();
  const mine = new Promise((resolve) => {
    const timer = setTimeout(() => resolve(visitCall(link.href, options)), delay);
    drop = () => {
      clearTimeout(timer);
      resolve(false);
    };
  }).finally(() => {
    if (arriving === mine) arriving = null;
  });
  arriving = mine;
}

function stay() {
  drop();
  cancelVisits();
}

// The row of the call in the pane.
function mark() {
  for (const link of document.querySelectorAll('#list .call-row__who')) {
    if (idOf(link) === shownCall()) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}

function idOf(link) {
  return link.closest('[data-call-id]').dataset.callId;
}

function pane() {
  return document.getElementById('pane');
}
