// Morphs an element into another one, touching only differences. Keeps the user's state: checked rows, text
// being typed, open details, focus and scroll position.

import { Idiomorph } from 'idiomorph';

const KEPT_ATTRIBUTES = new Set(['open', 'data-fresh']);
const FRESH_MS = 3200;

export function morph(shown, wanted) {
  Idiomorph.morph(shown, wanted, {
    morphStyle: 'outerHTML',
    // Only for fields: the label of a focused button has to change.
    ignoreActiveValue: Boolean(document.activeElement?.matches('input, select, textarea')),
    callbacks: {
      beforeNodeMorphed: keepTick,
      beforeAttributeUpdated: (name) => !KEPT_ATTRIBUTES.has(name),
      afterNodeAdded: markNewNote,
    },
  });
}

// Highlights an element for a moment.
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
