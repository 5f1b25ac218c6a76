// The counts in the page's head, its tabs and its title, and the link to new calls, which never push the rows
// about: the server counts, once for all that happened at about the same time. The insights are nothing but
// counts, so that all of that page is read again, and so is a call's where its number had another call.

import { callsAddress } from './addresses.js';
import { say } from './announcer.js';
import { morph } from './morph.js';
import { changedSince } from './recent-changes.js';
import { refresh } from './refresh.js';
import { drawRegions } from './regions.js';
import { NoAnswerError, passOverNoAnswer, read } from './requests.js';
import { rowOf } from './rows.js';
import { inBackground } from './turns.js';
import { gettext } from './words.js';

const GATHER_MS = 1000;
const RETRY_MS = 5000;
const PAGE_MS = 3000;

let timer = null;
let isPageWanted = false;
let listReadAt = 0;

// A list that was drawn whole has what came before it was read; any other may lack calls that are new.
export function followCounts() {
  document.addEventListener('callboard:drawn', ({ detail }) => {
    if (detail.isWhole) listReadAt = detail.beganAt;
    else if (detail.beganAt) readCounts();
  });
}

export function readPage() {
  isPageWanted = true;
  readCounts(PAGE_MS);
}

// While the calls are read for the first time, the page is drawn anew all the time.
export function readCounts(delay = GATHER_MS) {
  if (!document.querySelector('[data-reading]')) timer ??= setTimeout(pull, delay);
}

async function pull() {
  timer = null;
  const isPage = isPageWanted;
  isPageWanted = false;
  try {
    await (isPage ? refresh() : inBackground(readAnswer, draw));
  } catch (error) {
    passOverNoAnswer(error);
    isPageWanted ||= isPage;
    readCounts(RETRY_MS);
  }
}

async function readAnswer() {
  const ids = changedSince(listReadAt).filter((id) => !rowOf(id));
  // A call's own page has no list, and needs only what stands beside it.
  const path = document.getElementById('list')?.dataset.countsUrl ?? 'counts';
  const answer = await read(callsAddress(path, location.href, ids));
  if (answer === null || answer.response.ok) return answer;
  throw new NoAnswerError(`The counts came with status ${answer.response.status}.`);
}

function draw(answer) {
  if (!answer) return;
  const { page } = answer;
  drawRegions(page);
  const { missed } = page.getElementById('page-head').dataset;
  document.title = document.title.replace(/^(\(\d+\) )?/, missed > 0 ? `(${missed}) ` : '');
  if (document.getElementById('list')) drawLink(page.getElementById('new-calls'));
}

function drawLink(wanted) {
  const link = document.getElementById('new-calls');
  if (link) {
    if (link.hidden && !wanted.hidden) say(gettext('New calls available.'));
    morph(link, wanted);
  } else if (!wanted.hidden) {
    refresh({ isWhole: true }).catch(passOverNoAnswer); // a blank list has no rows to push about
  }
}
