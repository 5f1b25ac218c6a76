// Added to the built script by `make dev` alone: loads the page again once the dashboard has been built anew.

const PERIOD_MS = 500;

let known;

async function look() {
  try {
    const answer = await fetch('/static/dist/dev.json', { cache: 'no-store' });
    const build = answer.ok ? await answer.text() : known;
    if (known !== undefined && build !== known) location.reload();
    known = build;
  } catch {
    // It is being started again.
  }
}

setInterval(look, PERIOD_MS);
look();
