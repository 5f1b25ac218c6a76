// While something is under way on the server, the page follows how far it has come: the first reading of all
// calls, or a change of many.

import { say } from './announcer.js';
import { refresh } from './refresh.js';
import { passOverNoAnswer } from './requests.js';

const READING_MS = 2000;
const JOB_MS = 1000;

export async function followReading() {
  while (document.querySelector('[data-reading]')) await readAgain(READING_MS);
}

export async function followJob() {
  const job = document.querySelector('[data-under-way]');
  if (!job) return;
  let hadFocus = false;
  job.addEventListener('focusin', () => {
    hadFocus = true;
  });
  while ('underWay' in job.dataset) await readAgain(JOB_MS);
  const outcome = document.getElementById('outcome');
  // Who was at the button that is gone goes on at what came of it, which is read out either way.
  if (hadFocus && document.activeElement === document.body) outcome.focus();
  else say(outcome.textContent);
}

async function readAgain(pause) {
  await new Promise((resolve) => setTimeout(resolve, pause));
  await refresh({ isWhole: true }).catch(passOverNoAnswer); // the next turn comes in any case
}
