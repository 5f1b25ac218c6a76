// Refreshes rows of the list: with the HTML that came with an event, or in one request per batch of changes.

import { callsAddress, fittingIds } from './addresses.js';
import { announceUpdated } from './announcer.js';
import { callsChangedSince } from './change-history.js';
import { reportReading } from './connection.js';
import { enqueueBackgroundRequest } from './request-queue.js';
import { NoResponseError, ignoreNoResponse, parse, read } from './requests.js';
import { drawRows, rowOf } from './rows.js';
import { wishesSince } from './wishes.js';

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
  keepLinks([id], page);
  announceUpdated(drawRows([id], page));
}

// The same calls in the same list: the links that the rows have are the right ones.
function keepLinks(ids, page) {
  for (const id of ids) {
    const link = rowOf(id)?.querySelector('a');
    if (link) rowOf(id, page)?.querySelector('a').setAttribute('href', link.getAttribute('href'));
  }
}

async function pull() {
  timer = null;
  const { rowsUrl } = document.getElementById('list').dataset;
  const ids = fittingIds(rowsUrl, location.href, [...wanted]);
  for (const id of ids) wanted.delete(id);
  try {
    await enqueueBackgroundRequest(() => readRows(rowsUrl, ids), (answer) => draw(ids, answer));
    reportReading('rows', true);
    refreshRows([]);
  } catch (error) {
    ignoreNoResponse(error);
    reportReading('rows', false);
    refreshRows(ids, RETRY_MS);
  }
}

async function readRows(rowsUrl, ids) {
  const answer = await read(callsAddress(rowsUrl, location.href, ids));
  if (answer === null || answer.response.ok) return answer;
  throw new NoResponseError(`The rows came with status ${answer.response.status}.`);
}

function draw(ids, answer) {
  if (!answer) return;
  // Events bring rows in the order of changes; what was requested before one, or before a wish, may be older.
  const wished = wishesSince(answer.beganAt).map(({ id }) => id);
  const changed = new Set([...callsChangedSince(answer.beganAt), ...wished]);
  keepLinks(ids, answer.page);
  announceUpdated(drawRows(ids.filter((id) => !changed.has(id)), answer.page));
}
