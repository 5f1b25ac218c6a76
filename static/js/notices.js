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
  return notices[0];
}

function dismiss(notice) {
  const hadFocus = notice.contains(document.activeElement);
  notice.remove();
  if (hadFocus) document.getElementById('main').focus({ preventScroll: true });
}

function box() {
  return document.getElementById('notices');
}
