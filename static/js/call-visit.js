// Shows another call in place of this one, without a reload: keys that are pressed meanwhile wait, and what is still
// being sent goes on. The address and the history are those that links would make.

import { announce } from './announcer.js';
import { callsChangedSince } from './change-history.js';
import { persistDraft } from './drafts.js';
import { turnPage } from './page-turn.js';
import { shownCall } from './presence.js';
import { refresh } from './refresh.js';
import { drawPage, isSamePage } from './regions.js';
import { enqueueUserRequest } from './request-queue.js';
import { ignoreNoResponse, read } from './requests.js';

let latest = 0;
let shownAddress = location.href;

export function enhanceCallVisits() {
  document.addEventListener('click', (event) => {
    const link = event.target.closest('#trail :is([rel=next], [rel=prev])');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    visitCall(link.href);
  });
  addEventListener('popstate', () => {
    if (location.href.split('#')[0] !== shownAddress.split('#')[0]) visitCall(location.href, { isNew: false });
  });
}

// Any other page than a call's is gone to.
export function visitCall(address, { isNew = true } = {}) {
  latest += 1;
  const mine = latest;
  return turnPage(enqueueUserRequest(async () => {
    const answer = mine === latest ? await read(address) : null;
    if (!answer || mine !== latest) return false;
    if (!isSamePage(answer.page)) return goTo(address);
    show(answer, isNew);
    return true;
  }).catch((error) => {
    ignoreNoResponse(error);
    return goTo(address); // the browser says what is wrong, and offers to try again
  }));
}

function show(answer, isNew) {
  const { page, response } = answer;
  const main = document.getElementById('main');
  if (isNew) history.pushState(null, '', response.url);
  shownAddress = location.href;
  main.replaceChildren(...document.importNode(page.getElementById('main'), true).childNodes);
  drawPage(answer);
  persistDraft();
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
  announce(document.title);
  // What changed while the call was read.
  if (callsChangedSince(answer.beganAt).includes(shownCall())) refresh().catch(ignoreNoResponse);
}

function goTo(address) {
  if (address === location.href) location.reload();
  else location.assign(address);
  return false;
}
