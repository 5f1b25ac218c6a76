import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matching } from '../../static/js/command-match.js';

const COMMANDS = [
  { group: '', name: 'Réarchiver' },
  { group: '', name: 'Archiver : Appel manqué, +33 1 23' },
  { group: 'Thème', name: 'Sombre' },
  { group: 'Thème', name: 'Clair' },
  { group: '', name: 'Appels archivés' },
];

for (const [typed, names] of [
  ['', ['Réarchiver', 'Archiver : Appel manqué, +33 1 23', 'Sombre', 'Clair', 'Appels archivés']],
  ['  ', ['Réarchiver', 'Archiver : Appel manqué, +33 1 23', 'Sombre', 'Clair', 'Appels archivés']],
  ['archiv', ['Archiver : Appel manqué, +33 1 23', 'Appels archivés', 'Réarchiver']],
  ['REARCH', ['Réarchiver']],
  ['manque 33 arch', ['Archiver : Appel manqué, +33 1 23']],
  ['theme', ['Sombre', 'Clair']],
  ['sombre thème', ['Sombre']],
  ['nichts', []],
]) {
  test(`“${typed}” finds ${names.length}`, () => {
    assert.deepEqual(matching(COMMANDS, typed).map(({ name }) => name), names);
  });
}
