// Builds the URLs that the script requests. Pure functions.

export const MAX_IDS = 100;

// The URL of rows or counts for these calls. The server takes 100 ids, so only the last 100 are sent.
export function callsAddress(path, here, ids) {
  const address = new URL(path, here);
  address.searchParams.set('ids', ids.slice(-MAX_IDS).join(','));
  return address.href;
}

// The login page. Its `next` is the page shown, not the URL that the script requested.
export function loginAddress(loginPath, here) {
  const { origin, pathname, search } = new URL(here);
  const address = new URL(loginPath, origin);
  address.searchParams.set('next', pathname + search);
  return address.href;
}

// The list with these filters. An empty field means "any" and is left out.
export function filterAddress(action, fields) {
  const address = new URL(action);
  address.search = new URLSearchParams([...fields].filter(([, value]) => value !== ''));
  return address.href;
}
