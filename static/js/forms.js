// Sends forms without a reload and draws the regions of the page in the response.

import { act } from './actions.js';
import { gettext } from './i18n.js';
import { showNotice, adoptNotices } from './notices.js';
import { sendNote } from './note-sending.js';
import { drawPage, isSamePage } from './regions.js';
import { enqueueUserRequest } from './request-queue.js';
import { ignoreNoResponse, read } from './requests.js';
import { ROW, rowsIn } from './rows.js';

const OUTCOME_UNKNOWN = gettext(
  'There was no answer, so this may or may not have worked. Check before you try again.',
);
const REFUSED = gettext('That did not work.');

export function enhanceForms() {
  document.addEventListener('submit', (event) => {
    const { target: form, submitter: button } = event;
    if (!('enhance' in form.dataset) || !button) return;
    event.preventDefault();
    if (form.dataset.enhance === 'note') return sendNote(form);
    if (form.dataset.enhance && button.name !== 'claimed' && act(form, button)) return;
    if (!('busy' in button.dataset)) send(form, button);
  });
}

async function send(form, button) {
  const address = button.getAttribute('formaction') ?? form.getAttribute('action');
  const body = new FormData(form, button);
  const place = rowsIn(document).indexOf(button.closest(ROW));
  button.dataset.busy = '';
  form.dispatchEvent(new CustomEvent('callboard:sending'));
  try {
    await enqueueUserRequest(async () => {
      // The default of `next` is the URL at the time of the request, which may have changed since the click.
      if (!body.has('next')) body.set('next', location.pathname + location.search);
      draw(await read(address, { method: 'POST', body }), form, button);
    });
    // The row at the place of one that is gone.
    const next = rowsIn(document)[place]?.querySelector('a') ?? document.getElementById('main');
    if (document.activeElement === document.body) next.focus();
  } catch (error) {
    ignoreNoResponse(error);
    showNotice(OUTCOME_UNKNOWN, { isError: true });
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
  adoptNotices(page);
  if (isDone(response, page)) form.dispatchEvent(new CustomEvent('callboard:sent', { detail: { button } }));
}

// Success is a redirect to a page without an error; a rejected form is sent back without a redirect.
function isDone(response, page) {
  return response.ok && response.redirected && !page.querySelector('[data-notice=error]');
}
