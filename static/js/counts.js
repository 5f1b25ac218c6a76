// Updates the counts in the page head, tabs and title, and the link to new calls, so that rows never move by
// themselves. Events bring the counts of the unfiltered views; a filtered list, or one that shows an offset that only
// the server knows, requests its own, batched. A page that consists of counts (insights, a call with other calls of
// its number) is refreshed as a whole.

import { callsAddress } from './addresses.js';
import { announce } from './announcer.js';
import { callsChangedSince } from './change-history.js';
import { reportReading } from './connection.js';
import { gettext, ngettext } from './i18n.js';
import { cursorKey, isInView, isNews, keyOf } from './list-news.js';
import { morph } from './morph.js';
import { drawNumbers } from './optimism.js';
import { refresh } from './refresh.js';
import { drawRegions } from './regions.js';
import { enqueueBackgroundRequest } from './request-queue.js';
import { NoResponseError, ignoreNoResponse, read } from './requests.js';
import { rowOf, rowsIn } from './rows.js';
import { countWishesBefore } from './wishes.js';

const BATCH_MS = 1000;
const RETRY_MS = 5000;
const PAGE_MS = 3000;
const MAX_NEWS = 500;
// Until the chart is requested: where it is in sight, and elsewhere. A thousand open pages ask one after the other.
const SEEN_MS = 1000;
const UNSEEN_MS = 5000;
// Rows that left the list one by one say so themselves.
const MIN_LEFT = 2;

let timer = null;
let chartTimer = null;
let isPageWanted = false;
let listReadAt = 0;
// The latest counts that an event brought, and when; null before the first.
let pushed = null;
// Calls that events told of and that had no row, by id: their latest state, and when it came.
const withoutRow = new Map();
// Whether `withoutRow` tells what is new: the server counted none when it was last asked.
let isNewsKnown = false;

// A list drawn as a whole contains all calls up to its request; any other may lack new ones.
export function followCounts() {
  isNewsKnown = Boolean(document.getElementById('new-calls')?.hidden);
  document.addEventListener('callboard:drawn', ({ detail }) => {
    if (detail.isWhole) {
      listReadAt = detail.beganAt;
      takeAnswer(detail.beganAt);
    } else if (detail.beganAt) requestCounts();
    drawLeft();
    requestUncounted();
  });
  requestUncounted();
}

// What takes long to count comes after the page.
function requestUncounted() {
  if (document.querySelector('.page-head[data-uncounted]')) requestCounts();
  if (document.querySelector('.chart[data-uncounted]')) requestChart();
}

export function requestPageRefresh(delay = PAGE_MS) {
  isPageWanted = true;
  requestCounts(delay);
}

// Not during the first full sync: the page is refreshed repeatedly then (progress.js).
export function requestCounts(delay = BATCH_MS) {
  if (!isSyncing()) timer ??= setTimeout(pull, delay);
}

// `call` is null for a call that was removed. Without `counts`, or if they are not enough, they are requested.
export function takeCounts(id, call, counts) {
  if (call && !rowOf(id)) keepWithoutRow(call);
  else withoutRow.delete(id);
  if (!counts || isSyncing() || !drawPushed({ counts, at: performance.now() })) requestCounts();
  requestChart();
}

function requestChart() {
  const chart = document.querySelector('[data-page=list] #chart');
  if (!chart || isSyncing()) return;
  const isSeen = chart.getBoundingClientRect().top < innerHeight;
  chartTimer ??= setTimeout(pullChart, isSeen ? SEEN_MS : UNSEEN_MS * (1 + Math.random()));
}

async function pullChart() {
  chartTimer = null;
  if (document.hidden) {
    document.addEventListener('visibilitychange', requestChart, { once: true });
    return;
  }
  const { countsUrl } = document.getElementById('list').dataset;
  const readChart = () => read(countsUrl.replace('/counts', '/chart'));
  const drawChart = (answer) => answer?.response.ok && drawRegions(answer.page, '#chart, .day__count[id]');
  await enqueueBackgroundRequest(readChart, drawChart).catch(ignoreNoResponse);
}

function keepWithoutRow(call) {
  withoutRow.set(call.id, { call, at: performance.now() });
  if (withoutRow.size <= MAX_NEWS) return;
  withoutRow.clear();
  isNewsKnown = false;
}

// Returns whether the page now shows all that it counts.
function drawPushed(latest) {
  pushed = latest;
  const list = document.getElementById('list');
  if (list && (!list.dataset.view || latest.counts.today === undefined)) return false;
  if (!list) {
    drawTitle(latest.counts.missed);
    return true;
  }
  takeNumbers(latest.counts);
  const isAll = isNewsKnown && drawNews(list);
  drawNumbers(document);
  return isAll;
}

function takeNumbers(counts) {
  for (const place of document.querySelectorAll('[data-count]')) place.dataset.number = counts[place.dataset.count];
  document.getElementById('page-head').dataset.missed = counts.missed;
  document.querySelector('[data-count=callers]').parentElement.hidden = !counts.callers;
}

// The rows that no longer belong in this list stay where they are until somebody asks.
function drawLeft() {
  const link = document.getElementById('left-calls');
  if (!link) return;
  const { left } = link.dataset;
  const number = document.querySelectorAll(`#list [data-call-id][data-archived=${left}]`).length;
  link.hidden = number < MIN_LEFT;
  if (!link.hidden) setText(link.querySelector('span'), ngettext(link.dataset.one, link.dataset.many, number));
}

function drawNews(list) {
  const calls = [...withoutRow.values()].map(({ call }) => call).filter(({ id }) => !rowOf(id));
  const { view, cursor } = list.dataset;
  if (!cursor) {
    // An empty list has no rows that could move.
    if (calls.some((call) => isInView(call, view))) refresh({ isWhole: true }).catch(ignoreNoResponse);
    return true;
  }
  const place = { view, cursor: cursorKey(cursor), last: lastKey(list) };
  const { dataset } = document.getElementById('range');
  if (dataset.page !== '1') dataset.before = calls.filter((call) => isNews(call, { ...place, last: null })).length;
  const number = calls.filter((call) => isNews(call, place)).length;
  const link = document.getElementById('new-calls');
  if (link.hidden && number) announce(gettext('New calls available.'));
  link.hidden = number === 0;
  setText(link.querySelector('span'), ngettext('%(number)s new call – show', '%(number)s new calls – show', number));
  return true;
}

// The key before which a call belongs on the first page; null on a later one.
function lastKey(list) {
  if (list.querySelector('[rel=prev]')) return null;
  if (!list.querySelector('[rel=next]')) return keyOf('', null);
  const last = rowsIn(document).at(-1);
  return keyOf(last.dataset.callId, last.querySelector('time')?.dateTime);
}

// The server has counted what changed before this request; what events brought since then is newer.
function takeAnswer(beganAt) {
  for (const [id, { at }] of withoutRow) if (at < beganAt) withoutRow.delete(id);
  isNewsKnown = Boolean(document.getElementById('new-calls')?.hidden);
  if (callsChangedSince(beganAt).length && !(pushed?.at >= beganAt && drawPushed(pushed))) requestCounts();
}

async function pull() {
  timer = null;
  const isPage = isPageWanted;
  isPageWanted = false;
  try {
    await (isPage ? refresh() : enqueueBackgroundRequest(readAnswer, draw));
    reportReading('counts', true);
  } catch (error) {
    ignoreNoResponse(error);
    reportReading('counts', false);
    isPageWanted ||= isPage;
    requestCounts(RETRY_MS);
  }
}

async function readAnswer() {
  const ids = callsChangedSince(listReadAt).filter((id) => !rowOf(id));
  // A call's page has no list; `counts` is relative to /calls/<id>.
  const path = document.getElementById('list')?.dataset.countsUrl ?? 'counts';
  const answer = await read(callsAddress(path, location.href, ids));
  if (answer === null || answer.response.ok) return answer;
  throw new NoResponseError(`The counts came with status ${answer.response.status}.`);
}

function draw(answer) {
  if (!answer) return;
  const { page, beganAt } = answer;
  countWishesBefore(beganAt);
  drawNumbers(page);
  drawRegions(page);
  if (!document.getElementById('list')) return drawTitle(page.getElementById('page-head').dataset.missed);
  drawNumbers(document);
  drawLink(page.getElementById('new-calls'));
  takeAnswer(beganAt);
}

function drawLink(wanted) {
  const link = document.getElementById('new-calls');
  if (link) {
    if (link.hidden && !wanted.hidden) announce(gettext('New calls available.'));
    morph(link, wanted);
  } else if (!wanted.hidden) {
    refresh({ isWhole: true }).catch(ignoreNoResponse); // an empty list has no rows that could move
  }
}

function drawTitle(missed) {
  document.title = document.title.replace(/^(\(\d+\) )?/, missed > 0 ? `(${missed}) ` : '');
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function isSyncing() {
  return document.querySelector('[data-syncing]') !== null;
}
