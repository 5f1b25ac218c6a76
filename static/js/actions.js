// Archiving and moving back without waiting: the page shows a change at once, and takes it back if it fails. Undo goes
// back through the actions of this page, then through those that the server keeps.

import { deliver, newKey, queue, showTrouble } from './delivery.js';
import { gettext } from './i18n.js';
import { adoptNotices, clearPassing, offerRetry, showNotice } from './notices.js';
import { drawFailures, drawNumbers, drawWish, factsOf, noteFailure } from './optimism.js';
import { refill, refresh } from './refresh.js';
import { ignoreNoResponse, read } from './requests.js';
import { rowOf, rowsIn } from './rows.js';
import { addWish, dropWish, settleWish } from './wishes.js';

const QUIET_MS = 400;
const JOB_MS = 1000;
// A shorter list is filled up while changes are still on their way.
const FEW_ROWS = 12;
const REFUSED = gettext('That did not work.');

// { ids, isArchived, wishes, turn, done, undoUrl, isOver }, the newest last. Over: undone, or failed.
const actions = [];
let timer = null;

export function enhanceActions() {
  document.addEventListener('callboard:drawn', () => drawFailures());
  document.addEventListener('click', ({ target }) => {
    if (target.matches('[data-repeat]')) target.closest('[data-call-id]').querySelector('[name=archived]').click();
  });
}

// Takes a submitted form over. Returns whether it could: the server says why not.
export function act(form, button) {
  if (form.dataset.enhance === 'undo') {
    const isOurs = isOfAction(form);
    if (isOurs) undoAt(form.getAttribute('action'));
    return isOurs;
  }
  const body = new URLSearchParams(new FormData(form, button));
  const own = button.closest('[data-call-id]');
  const ids = own ? [own.dataset.callId] : body.getAll('ids');
  if (own) body.delete('ids');
  if (!ids.length) return false;
  change(ids, { address: button.getAttribute('formaction') ?? form.getAttribute('action'), body });
  form.dispatchEvent(new CustomEvent('callboard:sent', { detail: { button } }));
  tell({ ids, form });
  return true;
}

// Undoes the newest action that is not undone.
export function undoNewest() {
  const button = document.querySelector('[data-undo]');
  const action = actions.findLast(({ isOver }) => !isOver);
  if (button && !isOfAction(button.form)) button.click();
  else if (action) undo(action);
  else undoKept(findKept);
}

// Whether the form undoes an action of this kind: the notices of others have Undo, too.
function isOfAction(form) {
  return form.getAttribute('action').startsWith('/calls/archive/');
}

function undoAt(address) {
  const action = actions.find(({ undoUrl, isOver }) => undoUrl === address && !isOver);
  if (action) undo(action);
  else undoKept(() => address);
}

function change(ids, { address, body }) {
  const action = { ids, isArchived: body.get('archived') === 'true', undoUrl: '', isOver: false };
  // The server does what comes with one key once.
  body.set('key', newKey());
  show(action);
  const request = { address, body };
  action.turn = queue.add(ids, async () => untilEnded(await deliver(request)), request);
  showTrouble();
  action.done = settle(action, (failed) => {
    change(failed, { address, body: withIds(body, failed) });
    tick(failed, false);
  });
  actions.push(action);
}

function undo(action) {
  clearPassing();
  action.isOver = true;
  const { ids } = action;
  const back = { ids, isArchived: !action.isArchived, isOver: true };
  show(back, { isBack: true });
  tell({ ids });
  if (queue.withdraw(action.turn)) {
    showTrouble();
    for (const wish of back.wishes) settleWish(wish, performance.now());
    return;
  }
  back.turn = queue.add(ids, async () => {
    await action.done;
    return action.undoUrl ? untilEnded(await deliver({ address: action.undoUrl, body: withToken() })) : null;
  });
  settle(back, () => undo(action));
}

// Undoes an action of an earlier page: which calls it changed is known from the answer. `findAddress` is asked after all
// that was to happen before.
function undoKept(findAddress) {
  clearPassing();
  const turn = queue.add([], async () => {
    const address = await findAddress();
    return address ? untilEnded(await deliver({ address, body: withToken() })) : null;
  });
  turn.done.then(async (answer) => {
    if (!answer) return;
    const ids = Object.keys(statesIn(answer.page));
    sayOutcome(answer.page);
    await refresh({ isWhole: true });
    ids.map((id) => rowOf(id)).find(Boolean)?.querySelector('a').focus();
    if (ids.length) tell({ ids });
  }).catch(sayUnanswered);
}

// `form` is null for an undo.
function tell({ ids, form = null }) {
  document.dispatchEvent(new CustomEvent('callboard:acted', { detail: { ids, form } }));
}

async function findKept() {
  const answer = await read(document.querySelector('[data-recent]').href, { as: 'change' });
  if (!answer) return '';
  const address = answer.page.getElementById('answer')?.dataset.undoUrl;
  if (!address) sayOutcome(answer.page);
  return address;
}

// Draws an action as done.
function show(action, { isBack = false } = {}) {
  const { ids, isArchived } = action;
  const place = Math.max(rowsIn(document).indexOf(rowOf(ids[0])), 0);
  action.ticked = ids.filter((id) => boxOf(id)?.checked);
  action.wishes = ids.map((id) => addWish(id, isArchived, factsOf(id)));
  for (const id of ids) {
    noteFailure(id);
    drawWish(id, isArchived);
  }
  drawNumbers(document);
  document.dispatchEvent(new CustomEvent('callboard:drawn', { detail: { isWhole: false } }));
  keepPlace(place, isBack ? rowOf(ids[0]) : null);
}

// After an undo, focus the row that came back. If the focused row left the list, focus the row at its place.
function keepPlace(place, back) {
  const { activeElement } = document;
  if (!back && activeElement !== document.body && activeElement.checkVisibility()) return;
  const rows = rowsIn(document);
  const row = back ?? rows[Math.min(place, rows.length - 1)];
  (row?.querySelector('a') ?? document.getElementById('main')).focus();
}

// Waits for the answer, and takes back what was not done. `repeat` is given the ids of that.
async function settle(action, repeat) {
  const answer = await action.turn.done;
  const states = answer ? statesIn(answer.page) : {};
  const failed = action.wishes.filter(({ id, isArchived }) => states[id] !== isArchived);
  for (const wish of action.wishes) if (!failed.includes(wish)) settleWish(wish, performance.now());
  const notice = answer && sayOutcome(answer.page);
  const isError = notice?.dataset.notice === 'error';
  const reason = action.ids.length === 1 ? notice?.querySelector('[data-notice-text]').textContent.trim() : REFUSED;
  const back = failed.filter((wish) => takeBack(wish, states[wish.id], isError ? reason : ''));
  tick(back.map(({ id }) => id).filter((id) => action.ticked.includes(id)), true);
  drawNumbers(document);
  if (failed.length && isError) offerRetry(notice, () => repeat(failed.map(({ id }) => id)));
  action.undoUrl = notice?.querySelector('[data-undo]')?.form.getAttribute('action') ?? '';
  action.isOver ||= !action.undoUrl;
  refreshSoon(action.ids);
}

// A later wish for the same call stays. Returns whether there was none.
function takeBack(wish, state, reason) {
  const isLatest = dropWish(wish);
  if (isLatest) {
    drawWish(wish.id, state ?? wish.was);
    noteFailure(wish.id, reason);
  }
  return isLatest;
}

// Calls that were not changed stay ticked, to be tried again.
function tick(ids, isTicked) {
  if (!ids.length) return;
  for (const box of ids.map(boxOf).filter(Boolean)) box.checked = isTicked;
  document.dispatchEvent(new CustomEvent('callboard:drawn', { detail: { isWhole: false } }));
}

function boxOf(id) {
  return rowOf(id)?.querySelector('[name=ids]');
}

// A job that takes long is asked for until it has ended.
async function untilEnded(answer) {
  let latest = answer;
  for (let job = jobIn(latest); job && 'inFlight' in job.dataset; job = jobIn(latest) ?? job) {
    if (latest === answer) adoptNotices(answer.page);
    await new Promise((resolve) => setTimeout(resolve, JOB_MS));
    latest = await read(job.dataset.jobUrl, { as: 'change' }).catch((error) => {
      ignoreNoResponse(error);
      return answer;
    });
  }
  return latest;
}

function jobIn(answer) {
  return answer?.page.getElementById('answer');
}

function statesIn(page) {
  return JSON.parse(page.getElementById('answer')?.dataset.states ?? '{}');
}

// Returns the notice.
function sayOutcome(page) {
  if (page.querySelector('#notices [data-notice]')) return adoptNotices(page);
  return showNotice(page.getElementById('error-message')?.textContent ?? REFUSED, { isError: true });
}

function sayUnanswered(error) {
  ignoreNoResponse(error);
  showNotice(REFUSED, { isError: true });
}

// All that the answers do not tell is read once nothing is on its way, or the list has become short.
function refreshSoon(ids) {
  const isOfList = document.getElementById('list') !== null;
  clearTimeout(timer);
  if (isOfList && rowsIn(document).length < FEW_ROWS) refill().catch(ignoreNoResponse);
  timer = setTimeout(() => {
    if (queue.size === 0 && isOfList) refill().catch(ignoreNoResponse);
    else if (ids.includes(document.getElementById('call')?.dataset.callId)) refresh().catch(ignoreNoResponse);
  }, QUIET_MS);
}

function withToken() {
  return new URLSearchParams({ csrf_token: document.querySelector('[name=csrf_token]').value });
}

function withIds(body, ids) {
  const copy = new URLSearchParams(body);
  copy.delete('ids');
  for (const id of ids) copy.append('ids', id);
  return copy;
}
