// Delivers changes: each is sent until an answer comes. The server does what comes with one idempotency key once, so
// sending it again is safe. Says what waits, and asks before the page with it is left.

import { ChangeQueue } from './change-queue.js';
import { gettext, ngettext } from './i18n.js';
import { showNotice } from './notices.js';
import { ignoreNoResponse, read } from './requests.js';

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

export const queue = new ChangeQueue();
// Deliveries in trouble, by what can be known of them: an unsent one has never left this page.
const unsent = new Set();
const unanswered = new Set();
let sendNow;
let isWanted = newWait();
let notice = null;

export function protectDeliveries() {
  addEventListener('online', () => sendNow());
  // What has begun goes on by itself.
  addEventListener('pagehide', () => {
    for (const { request } of queue.waiting) if (request) post(request).catch(ignoreNoResponse);
  });
}

// An idempotency key. `crypto.randomUUID` is missing on a page without HTTPS.
export function newKey() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('');
}

// Returns what `read` returns. An error page that is not ours, as a proxy's, counts as no answer.
export async function deliver(request) {
  const delivery = {};
  for (let pause = FIRST_RETRY_MS; ; pause = Math.min(pause * 2, LAST_RETRY_MS)) {
    if (!navigator.onLine) await wait(delivery, unanswered.has(delivery) ? unanswered : unsent);
    unsent.delete(delivery);
    const answer = await attempt(request);
    if (answer !== undefined) {
      unanswered.delete(delivery);
      showTrouble();
      return answer;
    }
    await wait(delivery, unanswered, pause);
  }
}

async function attempt(request) {
  try {
    const answer = await post(request);
    const isOurs = answer === null || answer.response.ok || 'user' in answer.page.body.dataset;
    return isOurs ? answer : undefined;
  } catch (error) {
    ignoreNoResponse(error);
    return undefined;
  }
}

// A request that was begun is finished by the browser, even if the page is left.
function post({ address, body }) {
  return read(address, { method: 'POST', body, as: 'change', keepalive: true });
}

async function wait(delivery, group, pause = null) {
  group.add(delivery);
  showTrouble();
  const pauseIsOver = pause && new Promise((resolve) => setTimeout(resolve, pause));
  await Promise.race([isWanted, pauseIsOver].filter(Boolean));
}

function askFirst(event) {
  event.preventDefault();
}

function isInTrouble() {
  return unsent.size + unanswered.size > 0;
}

// Says what waits, or no longer. Only what cannot be sent on leaving the page asks first: some browsers keep no page for
// going back that listens for it.
export function showTrouble() {
  const isAsked = isInTrouble() || queue.waiting.some(({ request }) => !request);
  (isAsked ? addEventListener : removeEventListener)('beforeunload', askFirst);
  if (!isInTrouble()) {
    notice?.remove();
    notice = null;
    return;
  }
  const text = unanswered.size
    ? ngettext(
        'No answer yet: sending %(number)s action again.',
        'No answer yet: sending %(number)s actions again.',
        queue.size,
      )
    : ngettext(
        'No network: %(number)s action is waiting.',
        'No network: %(number)s actions are waiting.',
        queue.size,
      );
  notice = showNotice(text, { isError: true, retry: () => sendNow(), label: gettext('Send now') });
}

// What waits is sent when the promise is kept; the next wait is for another one.
function newWait() {
  return new Promise((resolve) => {
    sendNow = () => {
      resolve();
      isWanted = newWait();
    };
  });
}
