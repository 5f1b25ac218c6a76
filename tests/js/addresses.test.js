import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterAddress, loginAddress, rowsAddress } from '../../static/js/addresses.js';

const LIST = 'https://calls.example/calls?view=archived&page=2#call-7';

test('rows are asked for with the query of the list they stand in', () => {
  const address = rowsAddress('/calls/rows', LIST, ['a1', 'b2']);

  assert.equal(address, 'https://calls.example/calls/rows?view=archived&page=2&ids=a1%2Cb2');
});

test('the login page leads back to what was shown, whatever was being fetched', () => {
  const redirectedTo = 'https://calls.example/login?next=%2Fcalls%2Frows%3Fids%3Da1';

  const address = loginAddress(redirectedTo, LIST);

  assert.equal(address, 'https://calls.example/login?next=%2Fcalls%3Fview%3Darchived%26page%3D2');
});

test('the login page can be named by its path alone', () => {
  const address = loginAddress('/login', LIST);

  assert.equal(address, 'https://calls.example/login?next=%2Fcalls%3Fview%3Darchived%26page%3D2');
});

test('a filter that means any is left out of the address', () => {
  const fields = [['view', 'inbox'], ['type', ''], ['q', '+33 6 & more']];

  const address = filterAddress('https://calls.example/calls?page=2', fields);

  assert.equal(address, 'https://calls.example/calls?view=inbox&q=%2B33+6+%26+more');
});
