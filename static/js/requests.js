// Reads pages of this site in the background of the one that is shown.

import { loginAddress } from './addresses.js';
import { parse } from './fragments.js';

const TIMEOUT_MS = 30_000;

// No answer came, or not the one that was asked for.
export class NoAnswerError extends Error {}

// Gives { response, page, positionBefore, beganAt }, or null when the session is over and the login page is coming.
// Rejects with NoAnswerError when no whole answer came in time.
export async function read(address, init = {}) {
  const positionBefore = document.body.dataset.position;
  const beganAt = performance.now();
  const { response, text } = await fetchText(address, init);
  if (isLogin(response)) {
    // Who sent a form is led back to it; that address names it already.
    if (init.method) location.assign(response.url);
    else goToLogin(response.url);
    return null;
  }
  return { response, page: parse(text), positionBefore, beganAt };
}

export function goToLogin(loginPath = document.body.dataset.loginUrl) {
  location.assign(loginAddress(loginPath, location.href));
}

// For work that is done again anyway. A fault of our own is never passed over.
export function passOverNoAnswer(error) {
  if (!(error instanceof NoAnswerError)) throw error;
}

async function fetchText(address, init) {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), TIMEOUT_MS);
  try {
    // Told apart, as only a form's answer may take the notices that wait for it.
    const headers = { 'X-Requested-With': init.method ? 'form' : 'background' };
    const response = await fetch(address, { ...init, headers, signal: deadline.signal });
    return { response, text: await response.text() };
  } catch (cause) {
    throw new NoAnswerError('No whole answer came in time.', { cause });
  } finally {
    clearTimeout(timer);
  }
}

function isLogin(response) {
  return response.redirected && new URL(response.url).pathname === document.body.dataset.loginUrl;
}
