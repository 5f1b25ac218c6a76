// While the socket is down: does the server answer at all? Then only the socket is blocked, and forms still work.

const FIRST_MS = 1500;
const EVERY_MS = 5000;
const TIMEOUT_MS = 2400;

let timer = null;
let isWanted = false;

// Reports `{ isServing }` again and again until it is called with `isDown` false.
export function checkServerWhile(isDown, report) {
  isWanted = isDown;
  if (isDown) timer ??= setTimeout(check, FIRST_MS, report);
}

async function check(report) {
  const isServing = document.hidden ? undefined : await isAnswering();
  timer = null;
  if (!isWanted) return;
  timer = setTimeout(check, EVERY_MS, report);
  report({ isServing });
}

// /healthz asks for no session. A proxy answers for a server that is down, but not with success.
function isAnswering() {
  const request = fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
  return request.then(({ ok }) => ok, () => false);
}
