// Changes what is shown into what was read, touching only what differs. What is the user's own stays:
// ticks, what they are typing, what they opened, the focus, the place they have scrolled to.

import { Idiomorph } from 'idiomorph';

const KEPT_ATTRIBUTES = new Set(['open', 'data-fresh']);
const FRESH_MS = 3200;

export function morph(shown, wanted) {
  Idiomorph.morph(shown, wanted, {
    morphStyle: 'outerHTML',
    // Only fields: the words of a focused button have to change with what it does.
    ignoreActiveValue: Boolean(document.activeElement?.matches('input, select, textarea')),
    callbacks: {
      beforeNodeMorphed: keepTick,
      beforeAttributeUpdated: (name) => !KEPT_ATTRIBUTES.has(name),
      afterNodeAdded: markNewNote,
    },
  });
}

// Lets it be seen, for a moment, that this has just changed.
export function markFresh(element) {
  element.dataset.fresh = '';
  setTimeout(() => delete element.dataset.fresh, FRESH_MS);
}

function keepTick(shown, wanted) {
  if (shown.name === 'ids') wanted.checked = shown.checked;
}

function markNewNote(node) {
  if (node.dataset && 'note' in node.dataset) markFresh(node);
}
