// Who else has a call open, as the server tells: shown quietly where the call is, and never announced.

const NAMED = 3;

let viewersByCall = new Map();

export function followPresence(socket) {
  socket.on('all-viewers', (viewers) => draw(new Map(Object.entries(viewers))));
  socket.on('viewers', ({ id, viewers }) => draw(viewersByCall.set(id, viewers)));
  socket.on('disconnect', () => draw(new Map())); // nobody knows now
  document.addEventListener('callboard:drawn', () => draw());
}

// Names one by one while they are few, and never `self`.
export function viewersText(viewers, self) {
  const others = viewers.filter((name) => name !== self);
  if (!others.length) return '';
  const rest = others.length - NAMED + 1;
  const names = rest > 1 ? [...others.slice(0, NAMED - 1), `${rest} others`] : others;
  return `${new Intl.ListFormat('en-GB').format(names)} ${names.length > 1 ? 'are' : 'is'} viewing`;
}

function draw(viewers = viewersByCall) {
  viewersByCall = viewers;
  for (const element of document.querySelectorAll('[data-viewers]')) {
    const { callId } = element.closest('[data-call-id]').dataset;
    const text = viewersText(viewersByCall.get(callId) ?? [], document.body.dataset.user);
    if (element.textContent !== text) element.textContent = text;
  }
}
