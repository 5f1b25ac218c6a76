// Translations. The catalog of the page's language is fetched; keys are the English messages, which are also the
// fallback. Placeholders are named, `%(day)s`, as on the server.

const page = globalThis.document; // undefined in tests
const language = page?.documentElement.lang || 'en';
const address = page?.querySelector('meta[name="script-words"]')?.content;
const catalog = address ? await fetch(address).then((answer) => answer.json()).catch(() => ({})) : {};
const plurals = new Intl.PluralRules(language);

// For Intl formatters: how days and times are written in the viewer's region.
const written = page?.documentElement.dataset.format ?? language;
export const locale = written === 'en' ? 'en-GB' : written;
// The browser's time zone, in which the server renders pages.
export const { timeZone: zone } = Intl.DateTimeFormat().resolvedOptions();
const numbers = new Intl.NumberFormat(locale);

export function gettext(sentence, values = {}) {
  return fill(catalog[sentence] ?? sentence, values);
}

// `number` selects the plural form and is also a placeholder value, with grouped digits.
export function ngettext(one, many, number, values = {}) {
  const [singular, plural] = catalog[many] ?? [one, many];
  return fill(plurals.select(number) === 'one' ? singular : plural, { number: formatNumber(number), ...values });
}

// With grouped digits, as on the server: `94,000`.
export function formatNumber(number) {
  return numbers.format(number);
}

function fill(sentence, values) {
  return sentence.replace(/%\((\w+)\)s/g, (_placeholder, name) => values[name]);
}
