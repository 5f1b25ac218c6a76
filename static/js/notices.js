// What came of an action, at the foot of the page until it is dismissed or the next one has its say.

export function enhanceNotices() {
  document.addEventListener('click', ({ target }) => {
    const notice = target.closest('[data-dismiss], [data-retry]')?.closest('[data-notice]');
    if (notice) dismiss(notice);
  });
  // What comes into the box is read out, what was there from the start is not: so it comes in again.
  requestAnimationFrame(() => replaceNotices([...box().children]));
}

// Takes the notices of a page that was read, which replace what stood here.
export function takeNotices(page) {
  const notices = page.getElementById('notices').children;
  replaceNotices([...notices].map((notice) => document.importNode(notice, true)));
}

export function showNotice(text, { isError = false, retry = null } = {}) {
  const template = document.getElementById(isError ? 'notice-error' : 'notice-success');
  const notice = template.content.firstElementChild.cloneNode(true);
  const retryButton = notice.querySelector('[data-retry]');
  notice.querySelector('[data-notice-text]').textContent = text;
  retryButton.hidden = !retry;
  retryButton.addEventListener('click', () => retry());
  replaceNotices([notice]);
}

function replaceNotices(notices) {
  box().replaceChildren(...notices);
}

function dismiss(notice) {
  const hadFocus = notice.contains(document.activeElement);
  notice.remove();
  if (hadFocus) document.getElementById('main').focus({ preventScroll: true });
}

function box() {
  return document.getElementById('notices');
}
