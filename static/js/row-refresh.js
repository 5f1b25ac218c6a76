// Refreshes rows of the list: with the HTML that came with an event, or in one request per batch of changes.

import { MAX_IDS, callsAddress } from './addresses.js';
import { announceUpdated } from './announcer.js';
import { callsChangedSince } from './change-history.js';
import { enqueueBackgroundRequest } from './request-queue.js';
import { NoResponseError, ignoreNoResponse, parse, read } from './requests.js';
import { drawRows, rowOf } from './rows.js';

const BATCH_MS = 150;
const RETRY_MS = 5000;

const wanted = new Set();
let timer = null;

export function refreshRows(ids, delay = BATCH_MS) {
  for (const id of ids) wanted.add(id);
  if (wanted.size) timer ??= setTimeout(pull, delay);
}

export function drawPushedRow(id, html) {
  wanted.delete(id);
  const page = parse(html);
  // The same call in the same list: the link that the row has is the right one.
  page.querySelector('a').setAttribute('href', rowOf(id).querySelector('a').getAttribute('href'));
  announceUpdated(drawRows([id], page));
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
  if (!answer) return;
  // Events bring rows in the order of changes; what was requested before one may be older.
  const changed = new Set(callsChangedSince(answer.beganAt));
  announceUpdated(drawRows(ids.filter((id) => !changed.has(id)), answer.page));
}
