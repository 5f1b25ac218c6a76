// The command palette, by Ctrl+K or Cmd+K: a combobox of what this page's links, buttons and keys do. They are
// gathered whenever it opens, so it needs to know none of them.

import { ACTIONS, targetOf } from './key-actions.js';
import { isCommand } from './keys.js';
import { matching } from './command-match.js';

// Links and buttons in these are commands, folded away or not; in the page's content, only those that can be seen.
const ALWAYS = '.header :is(a, button), nav a, .footer button, [data-command]';
const IF_SEEN = '#main .button:is(a, button)';
// The palette and the shortcuts themselves; ways to the list and the settings that have other names; what is set already; what belongs to
// a row, or sends a field.
const LEFT_OUT =
  '[data-commands], [data-keys], .brand, .header__user, button[aria-current], #list [data-call-id] *, form:has(textarea) *';
// Links and buttons that are named only together.
const GROUPS = '.choices, .tabs';

let commands = [];
let shown = [];
let active = 0;

export function enhanceCommands() {
  for (const button of document.querySelectorAll('[data-commands]')) button.addEventListener('click', open);
  addEventListener('keydown', (event) => {
    if (!isCommand(event, 'k')) return;
    event.preventDefault();
    if (dialog().open) dialog().close();
    else if (!document.querySelector('dialog[open]')) open();
  });
  field().addEventListener('input', () => show(0));
  field().addEventListener('keydown', choose);
  dialog().addEventListener('click', ({ target }) => {
    const option = target.closest('[role=option]');
    if (option) run([...list().children].indexOf(option));
    else if (target === dialog()) dialog().close();
  });
}

// Before the focus goes to the field: what the keys would do depends on the row that has it.
function open() {
  const byName = new Map();
  for (const command of [...keyCommands(), ...pageCommands()]) {
    const name = `${command.group} ${command.name}`;
    if (!byName.has(name)) byName.set(name, command);
  }
  commands = [...byName.values()];
  field().value = '';
  dialog().showModal();
  show(0);
}

function keyCommands() {
  const rows = [...document.querySelectorAll('#keys [data-key]')].filter(({ dataset }) => targetOf(dataset.key));
  return rows.map((row) => {
    const { key } = row.dataset;
    const name = nameOf(key === 'e' ? targetOf(key) : row.querySelector('[data-name]'));
    return { group: '', name, hint: row.querySelector('kbd').textContent, run: ACTIONS[key] };
  });
}

function pageCommands() {
  const seen = [...document.querySelectorAll(IF_SEEN)].filter((element) => element.checkVisibility());
  const targets = new Set(Object.keys(ACTIONS).map(targetOf));
  const elements = [...seen, ...document.querySelectorAll(ALWAYS)];
  return elements.filter((element) => !element.matches(LEFT_OUT) && !targets.has(element)).map((element) => {
    const group = element.closest(GROUPS)?.getAttribute('aria-label') ?? '';
    return { group, name: nameOf(element), hint: '', run: () => element.click() };
  });
}

// Without numbers of calls.
function nameOf(element) {
  const copy = element.cloneNode(true);
  copy.querySelector('[data-count]')?.remove();
  return copy.textContent.replace(/\s+/g, ' ').trim();
}

function show(index) {
  shown = matching(commands, field().value);
  list().replaceChildren(...shown.map(optionOf));
  const none = document.getElementById('command-none');
  none.textContent = shown.length ? '' : none.dataset.text;
  activate(index);
}

function optionOf({ group, name, hint }, index) {
  const option = document.getElementById('command-option').content.firstElementChild.cloneNode(true);
  option.id = `command-${index}`;
  option.querySelector('[data-group]').textContent = group && `${group} / `;
  option.querySelector('[data-name]').textContent = name;
  if (hint) option.querySelector('kbd').textContent = hint;
  else option.querySelector('kbd').remove();
  return option;
}

function activate(index) {
  const options = [...list().children];
  active = options.length && (index + options.length) % options.length;
  options.forEach((option, at) => option.setAttribute('aria-selected', at === active));
  if (options.length) field().setAttribute('aria-activedescendant', options[active].id);
  else field().removeAttribute('aria-activedescendant');
  options[active]?.scrollIntoView({ block: 'nearest' });
}

function choose(event) {
  const { key, isComposing } = event;
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (isComposing || (!step && key !== 'Enter')) return;
  event.preventDefault();
  if (step) activate(active + step);
  else run(active);
}

// The focus is back where it was before the command runs.
function run(index) {
  const command = shown[index];
  if (!command) return;
  dialog().close();
  command.run();
}

function dialog() {
  return document.getElementById('commands');
}

function field() {
  return document.getElementById('command');
}

function list() {
  return document.getElementById('command-list');
}
