// Entry point. Every page works without scripts, except for live updates and shortcuts.

import { enhanceActions } from './actions.js';
import { enhanceCallVisits } from './call-visit.js';
import { keepSelections } from './call-number.js';
import { catchUp } from './catch-up.js';
import { enhanceCommands } from './commands.js';
import { followCounts } from './counts.js';
import { protectDeliveries } from './delivery.js';
import { followLogouts, persistDraft } from './drafts.js';
import { enhanceFilters } from './filters.js';
import { enhanceForms } from './forms.js';
import { goOnAfterArchiving } from './going-on.js';
import { zone } from './i18n.js';
import { goLive } from './live.js';
import { enhanceNotices } from './notices.js';
import { followJob, followSync } from './progress.js';
import { refresh } from './refresh.js';
import { ignoreNoResponse } from './requests.js';
import { enhanceSelection } from './selection.js';
import { enhanceShortcuts, enhanceUndoShortcut } from './shortcuts.js';
import { enhanceSplit } from './split.js';
import { enhanceTypingKeys } from './typing-keys.js';
import { followOtherPages } from './same-browser.js';

const YEAR_S = 365 * 24 * 3600;

const { page, position } = document.body.dataset;
const pane = document.getElementById('pane');

const features = [setZoneCookie, followOtherPages, enhanceNotices, enhanceUndoShortcut, enhanceTypingKeys, followLogouts];
if (document.getElementById('commands')) features.push(enhanceCommands);
if (position) {
  features.push(enhanceShortcuts, enhanceForms, enhanceActions, protectDeliveries);
  features.push(goLive, catchUp, followCounts, followSync, takeOwnZone, keepSelections);
}
if (['list', 'insights', 'queue'].includes(page)) features.push(enhanceFilters);
if (page === 'list') features.push(enhanceSelection);
if (page === 'call' || pane) features.push(persistDraft, enhanceCallVisits, goOnAfterArchiving);
if (pane) features.push(enhanceSplit);
if (page === 'job' || page === 'actions') features.push(followJob);

for (const feature of features) {
  try {
    feature();
  } catch (error) {
    reportError(error); // what a browser lacks, or has switched off, costs that feature alone
  }
}

// Tells the server the browser's time zone, so that pages come with local days and times.
function setZoneCookie() {
  const [prefix, secure] = location.protocol === 'https:' ? ['__Host-', '; secure'] : ['', ''];
  document.cookie = `${prefix}tz=${zone}; path=/; max-age=${YEAR_S}; samesite=lax${secure}`;
}

// A page that came before the cookie shows another zone's days and times.
function takeOwnZone() {
  if (document.documentElement.dataset.zone !== zone) refresh({ isWhole: true }).catch(ignoreNoResponse);
}
