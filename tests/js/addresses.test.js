import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callsAddress, filterAddress, fittingIds, loginAddress } from '../../static/js/addresses.js';

const LIST = 'https://calls.example/calls?view=archived&page=2#call-7';

test('rows and counts keep the query of the list and name the last calls, a hundred at most', () => {
  const ids = Array.from({ length: 101 }, (_, number) => `a${number}`);

  const address = new URL(callsAddress('/calls/counts?per_page=25&page=2&top=7-b', LIST, ids));

  assert.equal(address.pathname, '/calls/counts');
  assert.equal(address.searchParams.get('top'), '7-b');
  assert.deepEqual(address.searchParams.get('ids').split(','), ids.slice(1));
});

test('no address is longer than 2,000 characters, whatever the filter and the ids', () => {
  const ids = Array.from({ length: 300 }, (_, number) => `${number}`.padStart(36, '0'));
  for (const query of ['', '?view=all', `?q=${'%D0%90'.repeat(200)}&top=1796086924108-${ids[0]}&page=3`]) {
    for (const all of [ids, ids.slice(0, 1), ids.map((id) => `${id}:${id}/${id}`.slice(0, 100))]) {
      const address = callsAddress(`/calls/counts${query}`, LIST, all);

      assert.ok(address.length <= 2000, `${address.length}`);
      const named = new URL(address).searchParams.get('ids').split(',');
      assert.ok(named.length > 0);
      assert.deepEqual(named, all.slice(-named.length));
      assert.deepEqual(fittingIds(`/calls/counts${query}`, LIST, all), named);
    }
  }
});

test('the login page leads back without a query that would be too long', () => {
  const here = `https://calls.example/calls?q=${'%D0%90'.repeat(200)}`;

  assert.equal(loginAddress('/login', here), 'https://calls.example/login?next=%2Fcalls');
});

test('the page of a call requests counts, too', () => {
  const address = callsAddress('counts', 'https://calls.example/calls/a1?view=all', ['b2']);

  assert.equal(address, 'https://calls.example/calls/counts?ids=b2');
});

test('the login page leads back to the page shown, not to the URL fetched', () => {
  const redirectedTo = 'https://calls.example/login?next=%2Fcalls%2Frows%3Fids%3Da1';

  const address = loginAddress(redirectedTo, LIST);

  assert.equal(address, 'https://calls.example/login?next=%2Fcalls%3Fview%3Darchived%26page%3D2');
});

test('the login page can be named by its path alone', () => {
  const address = loginAddress('/login', LIST);

  assert.equal(address, 'https://calls.example/login?next=%2Fcalls%3Fview%3Darchived%26page%3D2');
});

test('an empty filter is left out of the URL', () => {
  const fields = [['view', 'inbox'], ['type', ''], ['q', '+33 6 & more']];

  const address = filterAddress('https://calls.example/calls?page=2', fields);

  assert.equal(address, 'https://calls.example/calls?view=inbox&q=%2B33+6+%26+more');
});
