// Builds the URLs that the script requests. Pure functions.

// Servers and proxies refuse longer ones.
const MAX_LENGTH = 2000;
const MAX_IDS = 100;

// The last ones of these calls for which the URL is not too long.
export function fittingIds(path, here, ids) {
  const room = MAX_LENGTH - new URL(path, here).href.length - '?ids='.length;
  const fitting = ids.slice(-MAX_IDS);
  while (fitting.length > 1 && encodeURIComponent(fitting.join()).length > room) fitting.shift();
  return fitting;
}

// The URL of rows or counts for these calls, or for the last ones, if not all of them fit.
export function callsAddress(path, here, ids) {
  const address = new URL(path, here);
  address.searchParams.set('ids', fittingIds(path, here, ids).join());
  return address.href;
}

// The login page. Its `next` is the page shown, not the URL that the script requested; without its query if that is
// too long.
export function loginAddress(loginPath, here) {
  const { origin, pathname, search } = new URL(here);
  const address = new URL(loginPath, origin);
  address.searchParams.set('next', pathname + search);
  if (address.href.length > MAX_LENGTH) address.searchParams.set('next', pathname);
  return address.href;
}

// The list with these filters. An empty field means "any" and is left out.
export function filterAddress(action, fields) {
  const address = new URL(action);
  address.search = new URLSearchParams([...fields].filter(([, value]) => value !== ''));
  return address.href;
}
