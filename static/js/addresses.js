// The addresses the script asks for. Pure: knows no document.

const MOST_AT_ONCE = 100;

// What the list offers of calls, its rows or its counts, with the last of these calls.
export function callsAddress(path, here, ids) {
  const address = new URL(path, here);
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
