// The server's clock, which the browser's may be hours away from. Times that are shown are the server's.

let offset = 0;

// `instant` is the server's time now.
export function setServerTime(instant) {
  const time = Date.parse(instant);
  if (!Number.isNaN(time)) offset = time - Date.now();
}

// The server's time at a time of the browser's clock, in milliseconds.
export function serverTime(time = Date.now()) {
  return time + offset;
}

// The viewer's day by the server's clock, as in the ids of days: 2026-12-01.
export function serverDay() {
  const timeZone = document.documentElement.dataset.zone;
  return new Intl.DateTimeFormat('en-CA', { timeZone }).format(serverTime());
}
