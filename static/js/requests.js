// Fetches pages of this site.

import { loginAddress } from './addresses.js';

const TIMEOUT_MS = 30_000;
// The Content-Security-Policy allows no other code to turn text into markup.
const policy = globalThis.trustedTypes?.createPolicy('fragments', { createHTML: (html) => html });

// No response came, or an unexpected one.
export class NoResponseError extends Error {}

// Returns { response, page, positionBefore, beganAt }, or null if the session is over and the browser goes to the
// login page. Rejects with NoResponseError if the response is not complete in time.
// `init.as` says what the response is for: `change` gets a light answer instead of a page.
export async function read(address, init = {}) {
  const positionBefore = document.body.dataset.position;
  const beganAt = performance.now();
  const { response, text } = await fetchText(address, init);
  if (isLogin(response)) {
    // After a form, the redirect to the login page already names the page to return to.
    if (init.method) location.assign(response.url);
    else goToLogin(response.url);
    return null;
  }
  return { response, page: parse(text), positionBefore, beganAt };
}

export function goToLogin(loginPath = document.body.dataset.loginUrl) {
  location.assign(loginAddress(loginPath, location.href));
}

// For requests that are repeated anyway. Rethrows all other errors.
export function ignoreNoResponse(error) {
  if (!(error instanceof NoResponseError)) throw error;
}

async function fetchText(address, init) {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), TIMEOUT_MS);
  try {
    // The server hands pending flash messages to the response of a form only.
    const headers = { 'X-Requested-With': init.as ?? (init.method ? 'form' : 'background') };
    const response = await fetch(address, { ...init, headers, signal: deadline.signal });
    return { response, text: await response.text() };
  } catch (cause) {
    throw new NoResponseError('No whole answer came in time.', { cause });
  } finally {
    clearTimeout(timer);
  }
}

function isLogin(response) {
  return response.redirected && new URL(response.url).pathname === document.body.dataset.loginUrl;
}

export function parse(html) {
  return new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, 'text/html');
}
