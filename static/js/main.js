// Starts what the page asks for. Every page works without any of it, but for live updates.

import { catchUp } from './catch-up.js';
import { followCounts } from './counts.js';
import { forgetDraftsAtLogout, keepDraft } from './drafts.js';
import { enhanceFilters } from './filters.js';
import { enhanceForms } from './forms.js';
import { goLive } from './live.js';
import { enhanceNotices } from './notices.js';
import { followJob, followReading } from './reading.js';
import { refresh } from './refresh.js';
import { passOverNoAnswer } from './requests.js';
import { enhanceSelection } from './selection.js';
import { enhanceShortcuts } from './shortcuts.js';
import { enhanceUndo } from './undo-key.js';
import { isZoneOfPage, tellZone } from './zone.js';

const { page, position } = document.body.dataset;

tellZone();
enhanceNotices();
enhanceUndo();
forgetDraftsAtLogout();

if (position) {
  enhanceShortcuts();
  enhanceForms();
  goLive();
  catchUp();
  followCounts();
  followReading();
  if (!isZoneOfPage()) refresh({ isWhole: true }).catch(passOverNoAnswer);
}

if (page === 'list' || page === 'insights') enhanceFilters();
if (page === 'list') enhanceSelection();

if (page === 'call') keepDraft();
if (page === 'job') followJob();
