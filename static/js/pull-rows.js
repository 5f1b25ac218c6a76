// Reads rows of the list anew, in this user's zone and with their rights: one request for all that changed at
// about the same time.

import { callsAddress } from './addresses.js';
import { announceUpdated } from './announcer.js';
import { NoAnswerError, passOverNoAnswer, read } from './requests.js';
import { drawRows } from './rows.js';
import { inBackground } from './turns.js';

const GATHER_MS = 150;
const RETRY_MS = 5000;
const MOST_AT_ONCE = 100;

const wanted = new Set();
let timer = null;

export function pullRows(ids, delay = GATHER_MS) {
  for (const id of ids) wanted.add(id);
  if (wanted.size) timer ??= setTimeout(pull, delay);
}

async function pull() {
  timer = null;
  const ids = [...wanted].slice(0, MOST_AT_ONCE);
  for (const id of ids) wanted.delete(id);
  try {
    await inBackground(() => readRows(ids), (answer) => draw(ids, answer));
    pullRows([]);
  } catch (error) {
    passOverNoAnswer(error);
    pullRows(ids, RETRY_MS);
  }
}

async function readRows(ids) {
  const { rowsUrl } = document.getElementById('list').dataset;
  const answer = await read(callsAddress(rowsUrl, location.href, ids));
  if (answer === null || answer.response.ok) return answer;
  throw new NoAnswerError(`The rows came with status ${answer.response.status}.`);
}

function draw(ids, answer) {
  if (answer) announceUpdated(drawRows(ids, answer.page));
}
