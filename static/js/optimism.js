// Draws wishes: calls whose change is on its way look as if it had been made, and the counts with them.

import { formatNumber, gettext, ngettext } from './i18n.js';
import { isBefore, isInView, keyOf } from './list-news.js';
import { drawNotesBeingSent } from './notes-being-sent.js';
import { rowOf, rowsIn } from './rows.js';
import { serverDay } from './server-clock.js';
import { countedWishes, forgetWishesBefore, wishesSince } from './wishes.js';

// Rows that were taken out of a list, by id: { row, day, list }. `day` is the section without its rows.
const taken = new Map();
// Why the last change of a call failed, by id.
const failures = new Map();

// Draws what `page`, which was requested at `beganAt`, may not show yet.
export function drawWishes(page, beganAt) {
  forgetWishesBefore(beganAt);
  for (const { id, isArchived } of wishesSince(beganAt)) drawWish(id, isArchived, page);
  drawFailures(page);
  drawNotesBeingSent(page);
  drawNumbers(page);
}

export function drawWish(id, isArchived, page = document) {
  const call = page.getElementById('call');
  if (call?.dataset.callId === id) drawState(call, isArchived);
  const view = viewOf(page);
  const row = rowOf(id, page);
  if (!view || !page.getElementById('list')) return;
  if (row && isInView({ is_archived: isArchived }, view)) drawState(row, isArchived);
  else if (row) takeOut(row, page);
  else if (isInView({ is_archived: isArchived }, view)) putBack(id, isArchived, page);
}

// What the counts of the page have of a call.
export function factsOf(id) {
  const row = rowOf(id) ?? taken.get(id)?.row;
  const call = row ?? document.getElementById('call');
  const day = row?.closest('.day') ?? taken.get(id)?.day;
  const names = ['missed', 'voicemail'].filter((kind) => row?.matches(`.kind--${kind}`));
  if (day?.id === `day-${serverDay()}`) names.push('today');
  return { was: call?.dataset.archived === 'true', names };
}


// Says in the row why its change was not made; without a reason, no longer.
export function noteFailure(id, reason = '') {
  if (reason) failures.set(id, reason);
  else failures.delete(id);
  drawFailure(id, reason, document);
}

export function drawFailures(page = document) {
  for (const [id, reason] of failures) drawFailure(id, reason, page);
}

// The numbers as the server counted them are attributes; the texts have the wishes, too.
export function drawNumbers(page) {
  if (page.querySelector('.page-head[data-uncounted]')) return;
  const more = countedWishes();
  const numberOf = (name) => Number(page.querySelector(`[data-count="${name}"]`)?.dataset.number ?? 0) + (more[name] ?? 0);
  for (const place of page.querySelectorAll('[data-count]')) {
    setText(place, formatNumber(numberOf(place.dataset.count)));
  }
  const view = viewOf(page);
  if (!view) return;
  const head = page.getElementById('page-head');
  const missed = Number(head.dataset.missed) + more.missed;
  const words = head.querySelector('[data-missed-words]');
  setText(head.querySelector('[data-total]'), ngettext('%(number)s call', '%(number)s calls', numberOf(view)));
  if (words) {
    words.hidden = missed <= 0;
    const text = ngettext('%(number)s missed in the inbox', '%(number)s missed in the inbox', missed);
    setText(words.querySelector('a'), text);
  }
  drawPlace(page, numberOf, numberOf(view));
  page.title = page.title.replace(/^(\(\d+\) )?/, missed > 0 ? `(${missed}) ` : '');
}

// As the server writes them. A first page is counted like the tabs; `before` are the newer calls of others.
function drawPlace(page, numberOf, all) {
  const range = page.getElementById('range');
  if (!range) return;
  const [number, size, before] = ['page', 'size', 'before'].map((name) => Number(range.dataset[name]));
  const reach = all - before;
  const [first, last] = [(number - 1) * size + 1, Math.min(number * size, reach)];
  if (all > 1 && last >= first) {
    setText(range, ngettext('%(first)s–%(last)s of %(number)s call', '%(first)s–%(last)s of %(number)s calls', all, {
      first: formatNumber(first),
      last: formatNumber(last),
    }));
  }
  const pages = { number: formatNumber(number), all: formatNumber(Math.max(number, Math.ceil(reach / size))) };
  drawWords(page.getElementById('place'), pages);
  for (const link of page.querySelectorAll('[data-all]')) {
    drawWords(link, { number: formatNumber(numberOf(link.dataset.all)) });
  }
}

// Pages bring the words in their language.
function drawWords(element, values) {
  setText(element, gettext(element.dataset.words, values));
}

function drawState(element, isArchived) {
  if (element.dataset.archived === `${isArchived}`) return;
  element.dataset.archived = isArchived;
  const label = element.querySelector('[data-row-state]');
  if (label) {
    element.classList.toggle('call-row--archived', isArchived);
    label.textContent = isArchived ? gettext('Archived') : gettext('In the inbox');
  } else drawTag(element.querySelector('.call__kind'), isArchived);
  drawButton(element.querySelector('[name=archived]'), isArchived);
}

function drawTag(kind, isArchived) {
  kind.querySelector('.tag')?.remove();
  if (!isArchived) return;
  const tag = kind.ownerDocument.createElement('span');
  tag.className = 'tag';
  tag.textContent = gettext('Archived');
  kind.querySelector('.kind__label').after(' ', tag);
}

function drawButton(button, isArchived) {
  const names = [gettext('Archive'), gettext('Move to inbox')];
  const [before, now] = isArchived ? names : names.reverse();
  const icon = button.querySelector('use');
  button.value = !isArchived;
  if (button.title) button.title = now;
  icon.setAttribute('href', icon.getAttribute('href').replace(/#.*/, isArchived ? '#archive-restore' : '#archive'));
  const texts = document.createTreeWalker(button, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replace(before, now);
}

function takeOut(row, page) {
  const section = row.closest('.day');
  row.querySelector('[name=ids]').checked = false;
  row.remove();
  countDay(section, -1);
  const day = section.cloneNode(true);
  day.querySelector('ul').replaceChildren();
  taken.set(row.dataset.callId, { row, day, list: listKey(page) });
  if (!section.querySelector('[data-call-id]')) section.remove();
}

function putBack(id, isArchived, page) {
  const { row, day, list } = taken.get(id) ?? {};
  if (!row || list !== listKey(page)) return;
  const back = page.importNode(row, true);
  drawState(back, isArchived);
  const rows = rowsIn(page);
  const next = rows.find((other) => isBefore(rowKey(row), rowKey(other)));
  const previous = rows[(next ? rows.indexOf(next) : rows.length) - 1];
  if (isOfDay(next, day)) next.before(back);
  else if (isOfDay(previous, day)) previous.after(back);
  else putDay(page.importNode(day, true), back, { next, previous, page });
  countDay(back.closest('.day'), 1);
}

function putDay(section, row, { next, previous, page }) {
  section.querySelector('ul').append(row);
  if (next) next.closest('.day').before(section);
  else if (previous) previous.closest('.day').after(section);
  else {
    page.querySelector('#list .blank')?.remove();
    page.querySelector('#list .pager').before(section);
  }
}

function isOfDay(row, day) {
  return row?.closest('.day').id === day.id;
}

// The total of the day on all pages, if it is known. Without it and without `words` the page has all calls of the day.
function countDay(section, change) {
  const place = section.querySelector('.day__count');
  const { total } = place.dataset;
  const number = total ? Number(total) + change : section.querySelectorAll('[data-call-id]').length;
  if (total) place.dataset.total = number;
  if (place.querySelector('.day__count-words')) place.firstChild.data = formatNumber(number);
  else place.textContent = ngettext('%(number)s call', '%(number)s calls', number);
}

function drawFailure(id, reason, page) {
  const row = rowOf(id, page);
  row?.querySelector('.call-row__failure')?.remove();
  if (!row || !reason) return;
  const place = page.importNode(document.getElementById('row-failure').content.firstElementChild, true);
  place.querySelector('span').textContent = reason;
  row.querySelector('.call-row__facts').append(place);
}

function rowKey(row) {
  return keyOf(row.dataset.callId, row.querySelector('time')?.dateTime);
}

// Names the list by its filters and page: a row belongs into no other.
function listKey(page) {
  const address = new URL(page.getElementById('list').dataset.countsUrl, location.origin);
  address.searchParams.delete('top');
  return address.search;
}

// Undefined on a page without a list.
function viewOf(page) {
  return page.getElementById('page-head')?.dataset.view;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
