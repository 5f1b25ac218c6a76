// Notes that are being sent: each shows at once, and comes back into its field with the reason if it is not saved.

import { deliver, newKey, queue, showTrouble } from './delivery.js';
import { gettext } from './i18n.js';
import { drawNotesBeingSent, noteIsSending, noteWasSent } from './notes-being-sent.js';
import { adoptNotices, showNotice } from './notices.js';
import { drawPage } from './regions.js';

export async function sendNote(form) {
  const body = new URLSearchParams(new FormData(form));
  const note = { callId: form.elements.content.dataset.draft, text: body.get('content') };
  const request = { address: form.getAttribute('action'), body };
  noteIsSending(note);
  form.dispatchEvent(new CustomEvent('callboard:sending'));
  // The next one is another.
  form.elements.key.value = newKey();
  drawNotesBeingSent(document);
  const turn = queue.add([note.callId], () => deliver(request), request);
  showTrouble();
  const answer = await turn.done;
  noteWasSent(note);
  if (answer) take(answer, note, form);
}

function take(answer, note, form) {
  const { response, page } = answer;
  const isSaved = response.ok && response.redirected && !page.querySelector('[data-notice=error]');
  const shown = document.getElementById('note-form');
  const isHere = document.getElementById('call')?.dataset.callId === note.callId;
  // What was typed since stays.
  const isFree = isHere && !shown.elements.content.value;
  if (isSaved) form.dispatchEvent(new CustomEvent('callboard:sent'));
  if (isHere && page.getElementById('call')?.dataset.callId === note.callId) {
    drawPage(answer, { sent: isFree ? shown : null });
  } else {
    document.querySelector('[data-sending]')?.remove();
  }
  const reason = isFree && shown.querySelector('#content-error');
  if (reason) {
    shown.elements.content.focus({ preventScroll: true });
    reason.scrollIntoView({ block: 'nearest' });
  }
  if (page.querySelector('#notices [data-notice]')) adoptNotices(page);
  else if (!isSaved && !reason) sayFailure(page, note, isFree && shown);
}

function sayFailure(page, { text }, form) {
  const reason = page.querySelector('#error-message, #content-error')?.textContent ?? gettext('That did not work.');
  if (form && !form.elements.content.value) form.elements.content.value = text;
  showNotice(form ? reason : `${reason} “${text}”`, { isError: true });
}
