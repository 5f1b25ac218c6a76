// Notes that are on their way, and how they look on the page of their call.

// { callId, text }, the newest last.
const sending = new Set();

export function isBeingSent(callId) {
  return [...sending].some((note) => note.callId === callId);
}

// Draws the notes of the call on `page` that it may not have yet.
export function drawNotesBeingSent(page) {
  const callId = page.getElementById('call')?.dataset.callId;
  for (const note of sending) if (note.callId === callId) drawNote(page, note.text);
}

export function noteIsSending(note) {
  sending.add(note);
}

export function noteWasSent(note) {
  sending.delete(note);
}

function drawNote(page, text) {
  const list = page.getElementById('notes');
  const isThere = [...list.querySelectorAll('[data-note]')].some((each) => each.textContent.trim() === text.trim());
  if (isThere) return;
  const note = page.createElement('li');
  const words = page.createElement('p');
  note.className = 'note';
  note.dataset.note = note.dataset.sending = '';
  note.ariaBusy = true;
  words.className = 'note__text';
  words.dir = 'auto';
  words.textContent = text;
  note.append(words);
  page.getElementById('no-notes')?.remove();
  list.prepend(note);
}
