// Names of pressed keys, the same on every keyboard layout. Pure functions.

const LATIN = /[\p{ASCII}\p{Script=Latin}]/u;
const CODE = /^Key([A-Z])$/;

// `j`, `Shift+x`, `/`: what the layout types, whether or not Caps Lock is on. On a layout without Latin letters
// (Cyrillic, Greek, Arabic), what the key types on a US keyboard. Other keys by their own name: `Enter`.
export function keyName({ key, code, shiftKey }) {
  if ([...key].length !== 1) return key;
  if (LATIN.test(key)) return withShift(key, shiftKey);
  if (code === 'Slash') return shiftKey ? '?' : '/';
  const letter = CODE.exec(code)?.[1];
  return letter ? withShift(letter, shiftKey) : key;
}

// Whether Ctrl, Cmd, Alt or AltGr is held, or an input method is at work: the key is not ours alone.
export function isModified(event) {
  const { ctrlKey, metaKey, altKey, isComposing } = event;
  return ctrlKey || metaKey || altKey || isComposing || event.getModifierState('AltGraph');
}

// Whether it is Ctrl or Cmd with this key, and nothing else.
export function isCommand(event, name) {
  const { ctrlKey, metaKey, altKey, isComposing } = event;
  return (ctrlKey || metaKey) && !altKey && !isComposing && keyName(event) === name;
}

// With Shift, only letters have another name: other keys type another sign.
function withShift(key, isShifted) {
  const lower = key.toLowerCase();
  return isShifted && /^[a-z]$/.test(lower) ? `Shift+${lower}` : lower;
}
