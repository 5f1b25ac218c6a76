// Reads {"name": "<!doctype html>…"} from standard input, and writes a line to standard output for each thing
// that html-validate's recommended rules find wrong. One process for all pages.

import { readFileSync } from 'node:fs';
import { HtmlValidate, StaticConfigLoader } from 'html-validate';

const rules = {
  // The standard takes either; all pages have the one that compresses better beside other small letters.
  'doctype-style': ['error', { style: 'lowercase' }],
  // Boxes to tick are one choice of many, as the standard has it.
  'form-dup-name': ['error', { shared: ['radio', 'button', 'submit', 'checkbox'] }],
  // Without scripts a page that follows work has to load itself again; nothing can be typed on these.
  'meta-refresh': 'off',
  // A button without a type sends its form, which is what all of those are for.
  'no-implicit-button-type': 'off',
  // Safari takes a list without bullets for no list, unless it says that it is one.
  'no-redundant-role': 'off',
  // No native element is the list of a field that suggests (a combobox).
  'prefer-native-element': ['error', { exclude: ['list', 'listbox'] }],
  // Numbers are kept on one line by their style (.number); what else is in such links are words.
  'tel-non-breaking': 'off',
};
const validator = new HtmlValidate(
  new StaticConfigLoader({ root: true, extends: ['html-validate:recommended'], rules }),
);

for (const [name, html] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
  const { results } = await validator.validateString(html, name);
  for (const { line, column, ruleId, message } of results.flatMap((result) => result.messages)) {
    console.log(`${name}:${line}:${column}: ${ruleId}: ${message}`);
  }
}
