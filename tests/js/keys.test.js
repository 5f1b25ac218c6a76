import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCommand, isModified, keyName } from '../../static/js/keys.js';

for (const [layout, key, code, shiftKey, name] of [
  ['US', 'j', 'KeyJ', false, 'j'],
  ['US, Caps Lock', 'J', 'KeyJ', false, 'j'],
  ['US', 'X', 'KeyX', true, 'Shift+x'],
  ['US, Caps Lock', 'x', 'KeyX', true, 'Shift+x'],
  ['US', '?', 'Slash', true, '?'],
  ['Russian', 'о', 'KeyJ', false, 'j'],
  ['Russian', 'Ч', 'KeyX', true, 'Shift+x'],
  ['Greek', 'ξ', 'KeyJ', false, 'j'],
  ['Arabic', 'ظ', 'Slash', false, '/'],
  ['Arabic', '؟', 'Slash', true, '?'],
  ['Hebrew', '/', 'KeyQ', false, '/'],
  ['AZERTY', '/', 'Period', true, '/'],
  ['AZERTY: not the Z of a US keyboard', 'w', 'KeyZ', false, 'w'],
  ['QWERTZ: not the Y of a US keyboard', 'z', 'KeyY', false, 'z'],
  ['Turkish F: not the X of a US keyboard', 'ö', 'KeyX', false, 'ö'],
  ['Dvorak: not the J of a US keyboard', 'h', 'KeyJ', false, 'h'],
  ['French, a dead key', 'Dead', 'KeyJ', false, 'Dead'],
  ['any', 'Enter', 'Enter', false, 'Enter'],
]) {
  test(`${layout}: ${key} at ${code} is ${name}`, () => {
    assert.equal(keyName({ key, code, shiftKey }), name);
  });
}

const pressed = (more) => ({ key: 'k', code: 'KeyK', getModifierState: () => false, ...more });

test('a key with another one held is not a single key', () => {
  for (const held of ['ctrlKey', 'metaKey', 'altKey', 'isComposing']) {
    assert.ok(isModified(pressed({ [held]: true })), held);
  }
  assert.ok(isModified(pressed({ getModifierState: (name) => name === 'AltGraph' })));
  assert.ok(!isModified(pressed({ shiftKey: true })));
});

test('a command is Ctrl or Cmd with its key alone, on any layout', () => {
  assert.ok(isCommand(pressed({ ctrlKey: true }), 'k'));
  assert.ok(isCommand(pressed({ metaKey: true, key: 'л' }), 'k'));
  assert.ok(!isCommand(pressed({ ctrlKey: true, altKey: true }), 'k'));
  assert.ok(!isCommand(pressed({ ctrlKey: true, shiftKey: true }), 'k'));
  assert.ok(!isCommand(pressed({}), 'k'));
});
