// Goes on to the next call at once when a call is archived on its page, for those who chose so; Undo leads back to the
// call that it moves back. The server does the same without scripts.

import { visitCall } from './call-visit.js';
import { turnPage } from './page-turn.js';
import { shownCall } from './presence.js';

export function goOnAfterArchiving() {
  document.addEventListener('callboard:acted', ({ detail: { ids, form } }) => {
    const address = form ? form.elements.goes_on?.dataset.following : addressOfUndone(ids);
    if (address) turnPage(visitCall(address));
  });
}

// Beside a list, the row that comes back has the focus.
function addressOfUndone([id, ...others]) {
  if (others.length || id === shownCall() || document.getElementById('list')) return null;
  const address = new URL(location.href);
  address.pathname = address.pathname.replace(/[^/]+$/, encodeURIComponent(id));
  return address.href;
}
