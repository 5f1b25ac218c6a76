// Sentences in the page's language. Those of any language but English are a file of their own, by the English ones;
// should it be out of reach, the script speaks English.
// Values go into a sentence by name, `%(day)s`, as they do on the server.

const page = globalThis.document; // the tests have none
const language = page?.documentElement.lang || 'en';
const address = page?.querySelector('meta[name="script-words"]')?.content;
const catalogue = address ? await fetch(address).then((answer) => answer.json()).catch(() => ({})) : {};
const plurals = new Intl.PluralRules(language);

// How times and lists are written.
export const locale = language === 'en' ? 'en-GB' : language;

export function gettext(sentence, values = {}) {
  return fill(catalogue[sentence] ?? sentence, values);
}

// The sentence for so many of what it tells of: `number` is among its values.
export function ngettext(one, many, number, values = {}) {
  const [singular, plural] = catalogue[many] ?? [one, many];
  return fill(plurals.select(number) === 'one' ? singular : plural, { number, ...values });
}

function fill(sentence, values) {
  return sentence.replace(/%\((\w+)\)s/g, (_placeholder, name) => values[name]);
}
