// Flash messages at the foot of the page; each stays until it is dismissed or replaced.

export function enhanceNotices() {
  document.addEventListener('click', ({ target }) => {
    const notice = target.closest('[data-dismiss], [data-retry]')?.closest('[data-notice]');
    if (notice) dismiss(notice);
  });
  // A live region announces only what is inserted after the page load.
  requestAnimationFrame(() => replaceNotices([...box().children]));
}

// Replaces the flash messages by those of `page`.
export function adoptNotices(page) {
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
  return notice;
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
