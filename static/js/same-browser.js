// All pages of a browser show one login, language, theme and density: one that differs is loaded anew. The others are
// told by a BroadcastChannel, where there is one, and each page finds out by what the server sends.

let channel = null;

export function followOtherPages() {
  open();
  // An open channel would keep the page out of the back/forward cache.
  addEventListener('pagehide', () => channel?.close());
  addEventListener('pageshow', ({ persisted }) => persisted && open());
}

// Returns whether `page`, which came from the server, is one of the same browser as it is now; else loads it anew.
export function isCurrent(page) {
  const isSame = settingsOf(page) === settingsOf(document);
  if (!isSame) location.reload();
  return isSame;
}

function open() {
  if (!('BroadcastChannel' in globalThis)) return;
  channel = new BroadcastChannel('callboard');
  channel.onmessage = ({ data }) => data !== settingsOf(document) && location.reload();
  // An error page may not know who is logged in.
  if (document.body.dataset.page !== 'error') channel.postMessage(settingsOf(document));
}

function settingsOf({ documentElement: { lang, dataset }, body }) {
  return [body.dataset.user, lang, dataset.theme, dataset.density].join();
}
