// While the server still reads the calls for the first time, the page follows how far it has come.

import { refresh } from './refresh.js';
import { passOverNoAnswer } from './requests.js';

const EVERY_MS = 2000;

export async function followReading() {
  while (document.querySelector('[data-reading]')) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    await refresh({ isWhole: true }).catch(passOverNoAnswer); // the next turn comes in any case
  }
}
