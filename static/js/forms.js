// Sends forms without a reload: the answer is the page they lead to, and its regions take the place of ours.

import { showNotice, takeNotices } from './notices.js';
import { drawPage, isSamePage } from './regions.js';
import { passOverNoAnswer, read } from './requests.js';
import { rowsIn } from './rows.js';
import { asUser } from './turns.js';
import { gettext } from './words.js';

const FATE_UNKNOWN = gettext(
  'No answer came, so this may or may not have been done. Look before you try again.',
);
const REFUSED = gettext('This could not be done.');

export function enhanceForms() {
  document.addEventListener('submit', (event) => {
    const { target: form, submitter: button } = event;
    if (!('enhance' in form.dataset) || !button) return;
    event.preventDefault();
    if (!('busy' in button.dataset)) send(form, button);
  });
}

async function send(form, button) {
  const address = button.getAttribute('formaction') ?? form.getAttribute('action');
  const body = new FormData(form, button);
  const place = placeInList(button);
  const shown = new Set(rowsIn(document).map(stateOf));
  button.dataset.busy = '';
  form.dispatchEvent(new CustomEvent('callboard:sending'));
  try {
    await asUser(async () => {
      // A form that does not say where it leads comes back to the page as it is by then.
      if (!body.has('next')) body.set('next', location.pathname + location.search);
      draw(await read(address, { method: 'POST', body }), form, button);
    });
    keepPlace(button, place, shown);
  } catch (error) {
    passOverNoAnswer(error);
    showNotice(FATE_UNKNOWN, { isError: true });
  } finally {
    delete button.dataset.busy;
    form.dispatchEvent(new CustomEvent('callboard:settled'));
  }
}

function draw(answer, form, button) {
  if (!answer) return;
  const { response, page } = answer;
  if (!isSamePage(page)) {
    if (response.ok && page.body.dataset.page) return location.assign(response.url);
    showNotice(page.getElementById('error-message')?.textContent ?? REFUSED, { isError: true });
    return;
  }
  drawPage(answer, { sent: form });
  takeNotices(page);
  if (isDone(response, page)) form.dispatchEvent(new CustomEvent('callboard:sent', { detail: { button } }));
}

// What was done answers with a redirect and no word of error; a form that was refused comes back itself.
function isDone(response, page) {
  return response.ok && response.redirected && !page.querySelector('[data-notice=error]');
}

// Where in the list the user is at work; -1 outside of it.
function placeInList(button) {
  const rows = rowsIn(document);
  const own = button.closest('[data-call-id]');
  return rows.indexOf(own ?? rows.find((row) => row.querySelector('[name=ids]').checked));
}

// Work goes on at the row that was brought back. A row that left the list takes the focus with it: then at the
// row that stands there now.
function keepPlace(button, place, shown) {
  const { activeElement } = document;
  const rows = rowsIn(document);
  const back = 'undo' in button.dataset && rows.find((row) => !shown.has(stateOf(row)));
  if (!back && activeElement !== document.body && activeElement.checkVisibility()) return;
  const row = back || rows[Math.min(place, rows.length - 1)];
  (row?.querySelector('a') ?? document.getElementById('main')).focus();
}

function stateOf({ dataset }) {
  return dataset.callId + dataset.archived;
}
