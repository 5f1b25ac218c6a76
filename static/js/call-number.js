// Dials and copies the number of a call: of an element with data-phone, the number as E.164, empty if withheld. Numbers
// of rows can be selected as well.

import { gettext } from './i18n.js';
import { showNotice } from './notices.js';

const DRAG_PX = 4;

// A drag over a row ends with a click, which is not meant to open the call.
export function keepSelections() {
  let from = {};
  addEventListener('mousedown', (event) => {
    from = event;
  }, true);
  addEventListener('click', (event) => {
    const isDrag = event.detail && Math.hypot(event.x - from.x, event.y - from.y) > DRAG_PX;
    if (!isDrag || !event.target.closest('.call-row__who')) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
}

export function callNumber(call) {
  const number = numberOf(call);
  if (!number) return;
  const link = document.body.appendChild(document.createElement('a'));
  link.href = `tel:${number}`;
  link.click();
  link.remove();
}

export async function copyNumber(call) {
  const number = numberOf(call);
  if (!number) return;
  if (await copy(number)) showNotice(gettext('%(number)s copied.', { number }));
  else {
    const sentence = gettext('This browser does not allow copying. The number is %(number)s.', { number });
    showNotice(sentence, { isError: true });
  }
}

function numberOf(call) {
  const number = call?.dataset.phone;
  if (number === '') showNotice(gettext('There is no number to call or copy.'), { isError: true });
  return number;
}

// The clipboard is there for pages over HTTPS only.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
