// Presence: the names of other users who have a call open. Never announced to screen readers.

import { locale, ngettext } from './i18n.js';

const MAX_NAMED = 3;

let viewersByCall = new Map();

export function followPresence(socket) {
  socket.on('all-viewers', (viewers) => draw(new Map(Object.entries(viewers))));
  socket.on('viewers', ({ id, viewers }) => draw(viewersByCall.set(id, viewers)));
  socket.on('disconnect', () => draw(new Map())); // unknown while disconnected
  document.addEventListener('callboard:drawn', () => draw());
  let viewed = shownCall();
  document.addEventListener('callboard:drawn', () => {
    if (viewed !== shownCall()) socket.emit('view', { id: (viewed = shownCall()) });
  });
}

// The id of the call that the page shows on its own; null for none.
export function shownCall() {
  return document.getElementById('call')?.dataset.callId ?? null;
}

// Up to three names, then a number of others. Leaves out `self`.
export function viewersText(viewers, self) {
  const others = viewers.filter((name) => name !== self);
  if (!others.length) return '';
  const rest = others.length - MAX_NAMED + 1;
  const more = ngettext('%(number)s other', '%(number)s others', rest);
  const shown = rest > 1 ? [...others.slice(0, MAX_NAMED - 1), more] : others;
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
