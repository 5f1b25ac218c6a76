// Applies the filter form of the list, the queue and the insights without a reload: selects at once, the search while
// typing, a typed line when it is submitted. The URL is updated.

import { filterAddress } from './addresses.js';
import { announce } from './announcer.js';
import { gettext } from './i18n.js';
import { showNotice } from './notices.js';
import { drawPage, isSamePage } from './regions.js';
import { enqueueUserRequest } from './request-queue.js';
import { NoResponseError, ignoreNoResponse, read } from './requests.js';
import { isShown, rememberShown } from './shown-address.js';
import { closePane } from './split.js';

const TYPING_MS = 350;
const RETRY_MS = 5000;
// The option for a line that is typed.
const OTHER_LINE = 'other';

let timer = null;
let latest = 0;
// Of a choice that could not be shown yet: how it is asked for once more, when, and the notice that says so.
let retry = null;
let retryTimer = null;
let waiting = null;

export function enhanceFilters() {
  const form = document.getElementById('filters');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    document.getElementById('dates')?.removeAttribute('open');
    apply(form);
  });
  // Not form.addEventListener: the page size belongs to the form, but is outside of it.
  document.addEventListener('change', ({ target }) => {
    if (target.form !== form || !target.matches('select')) return;
    if (target.value === OTHER_LINE) askForLine(target);
    else apply(form);
  });
  form.addEventListener('input', ({ target }) => {
    if (target.type === 'search') applyAfterTyping(form);
  });
  form.addEventListener('keydown', closeDates);
  document.addEventListener('callboard:reachable', () => retry?.());
  addEventListener('popstate', () => {
    if (!isShown()) location.reload();
  });
}

function applyAfterTyping(form) {
  clearTimeout(timer);
  timer = setTimeout(() => apply(form, { isTyping: true }), TYPING_MS);
}

function apply(form, { isTyping = false } = {}) {
  clearTimeout(timer);
  const fields = new FormData(form);
  if (fields.get('line') !== OTHER_LINE) fields.delete('via');
  return visit(filterAddress(form.action, fields), isTyping ? 'replaceState' : 'pushState');
}

// The style shows the field. Who chose by keyboard may be on the way to another option, so the focus stays there.
function askForLine(select) {
  if (select.matches(':focus-visible')) announce(gettext('Type the number in the next field.'));
  else document.getElementById('filter-via').focus();
}

// Only the latest choice is requested; earlier ones that are still queued are skipped. `isFiltered` if the number of
// calls is news. Returns whether the page has come.
export async function visit(address, remember, { isFiltered = true } = {}) {
  latest += 1;
  const mine = latest;
  setBusy(true);
  try {
    return await enqueueUserRequest(async () => {
      const answer = mine === latest ? await read(address) : null;
      if (answer) show(answer, remember, isFiltered);
      if (mine === latest) settle();
      return answer !== null;
    });
  } catch (error) {
    ignoreNoResponse(error);
    if (mine === latest) wait(() => mine === latest && visit(address, remember, { isFiltered }));
    return false;
  }
}

// What was chosen stays in the form, so it is asked for until it comes, also when the connection is back.
function wait(again) {
  clearTimeout(retryTimer);
  retry = again;
  retryTimer = setTimeout(again, RETRY_MS);
  waiting ??= showNotice(gettext('The calls could not be loaded. Check your connection and try again.'), {
    isError: true,
    retry: again,
  });
}

function settle() {
  clearTimeout(retryTimer);
  setBusy(false);
  waiting?.remove();
  waiting = retry = null;
}

function show(answer, remember, isFiltered) {
  if (!isSamePage(answer.page)) throw new NoResponseError('This is another page.');
  const isTyped = document.activeElement?.id === 'filter-via';
  drawPage(answer);
  const line = document.getElementById('filter-line');
  // The typed line was found: it is an option now, and its field is no longer shown.
  if (isTyped && line.value !== OTHER_LINE) line.focus();
  history[remember](null, '', answer.response.url);
  rememberShown();
  closePane();
  if (isFiltered) announce(document.getElementById('line-problem')?.textContent ?? filtered().dataset.announcement);
}

function setBusy(isBusy) {
  if (isBusy) filtered().setAttribute('aria-busy', 'true');
  else filtered().removeAttribute('aria-busy');
}

// The element that the filters change.
function filtered() {
  return document.querySelector('#list, #insights, #queue');
}

function closeDates(event) {
  const dates = document.getElementById('dates');
  if (event.key !== 'Escape' || !dates?.open) return;
  dates.open = false;
  dates.querySelector('summary').focus();
}
