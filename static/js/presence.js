// Who else has a call open, as the server tells: shown quietly where the call is, and never announced.

import { locale, ngettext } from './words.js';

const NAMED = 3;

let viewersByCall = new Map();

export function followPresence(socket) {
  socket.on('all-viewers', (viewers) => draw(new Map(Object.entries(viewers))));
  socket.on('viewers', ({ id, viewers }) => draw(viewersByCall.set(id, viewers)));
  socket.on('disconnect', () => draw(new Map())); // nobody knows now
  document.addEventListener('callboard:drawn', () => draw());
}

// Names one by one while they are few, and never `self`.
export function viewersText(viewers, self) {
  const others = viewers.filter((name) => name !== self);
  if (!others.length) return '';
  const rest = others.length - NAMED + 1;
  const more = ngettext('%(number)s other', '%(number)s others', rest);
  const shown = rest > 1 ? [...others.slice(0, NAMED - 1), more] : others;
  const names = new Intl.ListFormat(locale).format(shown);
  return ngettext('%(names)s is viewing', '%(names)s are viewing', shown.length, { names });
}

function draw(viewers = viewersByCall) {
  viewersByCall = viewers;
  for (const element of document.querySelectorAll('[data-viewers]')) {
    const { callId } = element.closest('[data-call-id]').dataset;
    const text = viewersText(viewersByCall.get(callId) ?? [], document.body.dataset.user);
    if (element.textContent !== text) element.textContent = text;
  }
}
