// Tells the server in which zone this browser's clock runs, so that pages come with the right days and times.

const YEAR_S = 365 * 24 * 3600;

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function tellZone() {
  const secure = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = `tz=${zone}; path=/; max-age=${YEAR_S}; samesite=lax${secure}`;
}

// Whether the page that is shown was made for this zone.
export function isZoneOfPage() {
  return document.documentElement.dataset.zone === zone;
}
