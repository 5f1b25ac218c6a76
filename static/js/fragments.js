// Turns the text of a page into a document. Text becomes markup nowhere else: the page's policy forbids it.

const policy = globalThis.trustedTypes?.createPolicy('fragments', { createHTML: (html) => html });

export function parse(html) {
  return new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, 'text/html');
}
