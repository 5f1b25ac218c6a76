// Flash messages at the foot of the page. Each stays until it is dismissed or replaced; what went well and can be undone
// elsewhere goes by itself.

const STAY_MS = 10_000;
// Not while something is in progress, nor with an Undo that is nowhere else.
const PASSING = '[data-notice=success]:not(:has(a, form:not([action^="/calls/archive/"])))';

let timer = null;

export function enhanceNotices() {
  document.addEventListener('click', ({ target }) => {
    const notice = target.closest('[data-dismiss], [data-retry]')?.closest('[data-notice]');
    if (notice) dismiss(notice);
  });
  // A live region announces only what is inserted after the page load.
  requestAnimationFrame(() => replaceNotices([...box().children]));
}

// Removes messages about what went well.
export function clearPassing(which = '') {
  for (const notice of box().querySelectorAll(PASSING + which)) dismiss(notice);
}

// Replaces the flash messages by those of `page`.
export function adoptNotices(page) {
  const notices = page.getElementById('notices').children;
  return replaceNotices([...notices].map((notice) => document.importNode(notice, true)));
}

// Returns the notice. `retry` is called by its button, which may have a label of its own.
export function showNotice(text, { isError = false, retry = null, label = '' } = {}) {
  const template = document.getElementById(isError ? 'notice-error' : 'notice-success');
  const notice = template.content.firstElementChild.cloneNode(true);
  const retryButton = notice.querySelector('[data-retry]');
  notice.querySelector('[data-notice-text]').textContent = text;
  retryButton.hidden = !retry;
  if (label) retryButton.textContent = label;
  retryButton.addEventListener('click', () => retry());
  return replaceNotices([notice]);
}

// Offers to try again in a notice that came without.
export function offerRetry(notice, retry) {
  const button = notice.querySelector('[data-retry]');
  button.hidden = false;
  button.addEventListener('click', () => retry());
}

function replaceNotices(notices) {
  box().replaceChildren(...notices);
  leaveLater();
  return notices[0];
}

// A message that is pointed at, or has the focus, stays so long.
function leaveLater() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    clearPassing(':not(:hover, :focus-within)');
    if (box().querySelector(PASSING)) leaveLater();
  }, STAY_MS);
}

function dismiss(notice) {
  const hadFocus = notice.contains(document.activeElement);
  notice.remove();
  if (hadFocus) document.getElementById('main').focus({ preventScroll: true });
}

function box() {
  return document.getElementById('notices');
}
