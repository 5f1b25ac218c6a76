// Polls the progress of the first full sync, or of bulk jobs.

import { announce } from './announcer.js';
import { refresh } from './refresh.js';
import { ignoreNoResponse } from './requests.js';

const READING_MS = 2000;
const JOB_MS = 1000;

export async function followSync() {
  while (document.querySelector('[data-syncing]')) await refreshAfter(READING_MS);
}

export async function followJob() {
  const job = document.querySelector('[data-in-flight]');
  if (!job) return;
  let hadFocus = false;
  job.addEventListener('focusin', () => {
    hadFocus = true;
  });
  while ('inFlight' in job.dataset) await refreshAfter(JOB_MS);
  const outcome = document.getElementById('outcome');
  // If the Stop button had the focus, it is gone: focus the outcome. Otherwise announce it.
  if (hadFocus && document.activeElement === document.body) outcome.focus();
  else announce(outcome.textContent);
}

async function refreshAfter(pause) {
  await new Promise((resolve) => setTimeout(resolve, pause));
  await refresh({ isWhole: true }).catch(ignoreNoResponse); // polling tries again
}
