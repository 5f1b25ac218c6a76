// Which commands match what is typed, the best ones first. Pure functions.

// Without accents and case.
export function fold(text) {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

// The commands that have every word of `typed` in their group or name, in any order. First those whose name begins
// with it, then those where a word does; in the order of `commands` otherwise.
export function matching(commands, typed) {
  const words = fold(typed).split(/\s+/).filter(Boolean);
  const found = [];
  for (const command of commands) {
    const name = fold(command.name);
    const text = `${fold(command.group)} ${name}`;
    if (words.every((word) => text.includes(word))) found.push({ command, rank: rank(name, text, words) });
  }
  return found.sort((one, other) => one.rank - other.rank).map(({ command }) => command);
}

function rank(name, text, [word = '']) {
  if (name.startsWith(word)) return 0;
  return text.split(/[^\p{L}\p{N}]+/u).some((each) => each.startsWith(word)) ? 1 : 2;
}
