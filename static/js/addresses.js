// The addresses the script asks for. Pure: knows no document.

const MOST_AT_ONCE = 100;

// The rows of these calls, linked as in the list they stand in: its query goes along.
export function rowsAddress(rowsPath, listAddress, ids) {
  const address = new URL(rowsPath, listAddress);
  address.search = new URL(listAddress).search;
  address.searchParams.set('ids', ids.join(','));
  return address.href;
}

// The counts of the list that is shown, with the calls that may be new to it. A call's own page has no list, and
// needs only what stands beside it.
export function countsAddress(listCountsPath, here, ids) {
  const address = new URL(listCountsPath ?? 'counts', here);
  address.searchParams.set('ids', ids.slice(-MOST_AT_ONCE).join(','));
  return address.href;
}

// The login page, from where the user comes back to what they see now, not to what the script asked for.
export function loginAddress(loginPath, here) {
  const { origin, pathname, search } = new URL(here);
  const address = new URL(loginPath, origin);
  address.searchParams.set('next', pathname + search);
  return address.href;
}

// The list with these filters; fields that are empty mean "any" and are left out.
export function filterAddress(action, fields) {
  const address = new URL(action);
  address.search = new URLSearchParams([...fields].filter(([, value]) => value !== ''));
  return address.href;
}
