// Audits addresses with Lighthouse: `node audit.mjs COOKIE ADDRESS…`, with the Chromium of CHROME_PATH. Writes
// a line of JSON for each: its scores of 0 to 100 by category, and the audits that are not passed.

import { launch } from 'chrome-launcher';
import lighthouse from 'lighthouse';

const [cookie, ...addresses] = process.argv.slice(2);
const chrome = await launch({ chromeFlags: ['--headless=new', '--no-sandbox', '--disable-gpu'] });
try {
  for (const address of addresses) {
    const { lhr } = await lighthouse(address, {
      port: chrome.port,
      onlyCategories: ['accessibility', 'best-practices', 'seo'],
      // The login page sends on whoever is signed in.
      extraHeaders: address.endsWith('/login') ? {} : { Cookie: cookie },
      logLevel: 'silent',
    });
    if (lhr.finalDisplayedUrl !== address) throw new Error(`${address} led to ${lhr.finalDisplayedUrl}`);
    const counted = Object.values(lhr.categories).flatMap(({ auditRefs }) => auditRefs.filter((ref) => ref.weight));
    const failed = counted.map(({ id }) => id).filter((id) => lhr.audits[id].score !== null && lhr.audits[id].score < 1);
    const scores = Object.values(lhr.categories).map(({ id, score }) => [id, Math.round(score * 100)]);
    console.log(JSON.stringify({ address, scores: Object.fromEntries(scores), failed }));
  }
} finally {
  chrome.kill();
}
