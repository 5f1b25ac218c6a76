// Shows another call in place of this one, without a reload: keys that are pressed meanwhile wait, and what is still
// being sent goes on. The address and the history are those that links would make. In the pane beside a list as well.

import { announce } from './announcer.js';
import { callsChangedSince } from './change-history.js';
import { persistDraft } from './drafts.js';
import { gettext } from './i18n.js';
import { showNotice } from './notices.js';
import { turnPage } from './page-turn.js';
import { shownCall } from './presence.js';
import { refresh } from './refresh.js';
import { drawPage, isSamePage } from './regions.js';
import { enqueueUserRequest } from './request-queue.js';
import { ignoreNoResponse, read } from './requests.js';
import { isShown, rememberShown } from './shown-address.js';

const UNREAD = gettext('The calls could not be loaded. Check your connection and try again.');

let latest = 0;

export function enhanceCallVisits() {
  document.addEventListener('click', (event) => {
    const link = event.target.closest('#trail :is([rel=next], [rel=prev])');
    if (!link || !isPlain(event)) return;
    event.preventDefault();
    turnPage(visitCall(link.href));
  });
  // A page with a list is loaded again (filters.js).
  addEventListener('popstate', () => {
    if (!isShown() && !paneIn(document)) turnPage(visitCall(location.href, { remember: null }));
  });
}

export function isPlain({ button, ctrlKey, metaKey, shiftKey, altKey }) {
  return !(button || ctrlKey || metaKey || shiftKey || altKey);
}

// Returns whether the call has come, and not another one that was asked for later. Any other page than a call's is gone
// to. With `keepsFocus` the focus stays in the list, and nothing leaves that.
export function visitCall(address, options = {}) {
  const { remember = 'pushState', keepsFocus = false } = options;
  latest += 1;
  const mine = latest;
  const turn = enqueueUserRequest(async () => {
    const answer = mine === latest ? await read(address) : null;
    if (!answer || mine !== latest) return false;
    if (!isSamePage(answer.page) || !paneIn(answer.page) !== !paneIn(document)) {
      if (answer.response.ok || !keepsFocus) return goTo(address);
      return say(answer.page.getElementById('error-message')?.textContent);
    }
    if (remember) history[remember](null, '', answer.response.url);
    show(answer);
    if (!keepsFocus) focusOn(paneIn(document));
    if (remember !== 'replaceState') announce(document.title);
    return true;
  });
  return turn.catch((error) => {
    ignoreNoResponse(error);
    return mine === latest && say(UNREAD, () => visitCall(address, options));
  });
}

// A visit that is on its way does not end.
export function cancelVisits() {
  latest += 1;
}

function show(answer) {
  const { page, beganAt } = answer;
  const pane = paneIn(document);
  const place = pane ?? document.getElementById('main');
  const wanted = paneIn(page) ?? page.getElementById('main');
  rememberShown();
  place.replaceChildren(...document.importNode(wanted, true).childNodes);
  if (pane) {
    document.title = page.title;
    pane.scrollTop = 0;
    document.dispatchEvent(new CustomEvent('callboard:drawn', { detail: { isWhole: false } }));
  } else drawPage(answer);
  persistDraft();
  // What changed while the call was read.
  if (callsChangedSince(beganAt).includes(shownCall())) refresh().catch(ignoreNoResponse);
}

function focusOn(pane) {
  if (!pane) scrollTo(0, 0);
  (pane ?? document.getElementById('main')).focus({ preventScroll: true });
}

function paneIn(page) {
  return page.getElementById('pane');
}

function say(text = UNREAD, retry = null) {
  showNotice(text, { isError: true, retry });
  return false;
}

function goTo(address) {
  if (address === location.href) location.reload();
  else location.assign(address);
  return false;
}
