// Audits URLs with Lighthouse: `node audit.mjs COOKIE URL…`, with the Chromium of CHROME_PATH. Writes one line of
// JSON per URL: scores from 0 to 100 by category, and failed audits.

import { launch } from 'chrome-launcher';
import lighthouse from 'lighthouse';
import { connect } from 'puppeteer-core';

const [cookie, ...addresses] = process.argv.slice(2);
for (const address of addresses) {
  const chrome = await launch({ chromeFlags: ['--headless=new', '--no-sandbox', '--disable-gpu'] });
  try {
    // The login page redirects logged-in users.
    if (!address.endsWith('/login')) await signIn(address, chrome.port);
    console.log(JSON.stringify(await audit(address, chrome.port)));
  } finally {
    chrome.kill();
  }
}

async function signIn(address, port) {
  const [name, value] = cookie.split('=');
  const browser = await connect({ browserURL: `http://127.0.0.1:${port}` });
  await browser.setCookie({ name, value, domain: new URL(address).hostname, path: '/', httpOnly: true });
  await browser.disconnect();
}

async function audit(address, port) {
  const { lhr } = await lighthouse(address, {
    port,
    onlyCategories: ['accessibility', 'best-practices', 'seo'],
    disableStorageReset: true,
    logLevel: 'silent',
  });
  if (lhr.finalDisplayedUrl !== address) throw new Error(`${address} led to ${lhr.finalDisplayedUrl}`);
  const counted = Object.values(lhr.categories).flatMap(({ auditRefs }) => auditRefs.filter((ref) => ref.weight));
  const failed = counted.map(({ id }) => id).filter((id) => lhr.audits[id].score !== null && lhr.audits[id].score < 1);
  const scores = Object.values(lhr.categories).map(({ id, score }) => [id, Math.round(score * 100)]);
  return { address, scores: Object.fromEntries(scores), failed };
}
