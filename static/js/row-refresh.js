// Refreshes rows of the list, in one request per batch of changes. The server renders them for this user.

import { MAX_IDS, callsAddress } from './addresses.js';
import { announceUpdated } from './announcer.js';
import { enqueueBackgroundRequest } from './request-queue.js';
import { NoResponseError, ignoreNoResponse, read } from './requests.js';
import { drawRows } from './rows.js';

const BATCH_MS = 150;
const RETRY_MS = 5000;

const wanted = new Set();
let timer = null;

export function refreshRows(ids, delay = BATCH_MS) {
  for (const id of ids) wanted.add(id);
  if (wanted.size) timer ??= setTimeout(pull, delay);
}

async function pull() {
  timer = null;
  const ids = [...wanted].slice(0, MAX_IDS);
  for (const id of ids) wanted.delete(id);
  try {
    await enqueueBackgroundRequest(() => readRows(ids), (answer) => draw(ids, answer));
    refreshRows([]);
  } catch (error) {
    ignoreNoResponse(error);
    refreshRows(ids, RETRY_MS);
  }
}

async function readRows(ids) {
  const { rowsUrl } = document.getElementById('list').dataset;
  const answer = await read(callsAddress(rowsUrl, location.href, ids));
  if (answer === null || answer.response.ok) return answer;
  throw new NoResponseError(`The rows came with status ${answer.response.status}.`);
}

function draw(ids, answer) {
  if (answer) announceUpdated(drawRows(ids, answer.page));
}
