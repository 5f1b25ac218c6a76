"""Ends claims: when somebody spoke with the caller, when no call of theirs is in the inbox, and by time.

Every process does it, for whatever changes reach it by the feed: ending a claim twice is ending it once
(docs/decisions/0050-claims-end-by-the-calls.md).
"""

import logging
import threading
from threading import Event

from aircall.calls.feed import ChangeFeed, ChangeKind, FeedEntry
from aircall.calls.filters import CallFilter
from aircall.calls.phone_numbers import number_key
from aircall.calls.store import CallStore
from aircall.concurrency import BackgroundThread
from aircall.storage import STORAGE_ERRORS
from aircall.team.activity import Action
from aircall.team.claims import Claim, Claims

log = logging.getLogger(__name__)

# Seconds between two checks without a change, and at least between any two.
CHECK_INTERVAL, PAUSE = 10.0, 0.2


class ClaimKeeper:
    """Keeps the claims right while calls change. Starts nothing by itself."""

    def __init__(self, claims: Claims, store: CallStore, feed: ChangeFeed) -> None:
        self._claims = claims
        self._store = store
        self._thread = BackgroundThread("claim-keeper", self._run)
        self._lock = threading.Lock()
        self._changed = Event()
        # Number keys of answered calls that are new to us, however long ago they were.
        self._answered: set[str] = set()
        feed.subscribe(self._on_entry, lambda _position: self._changed.set())

    def start(self) -> None:
        """Start to end claims."""
        self._thread.start()

    def stop(self) -> None:
        """Stop it, without waiting for a check in progress."""
        self._thread.stop()
        self._changed.set()

    def _on_entry(self, entry: FeedEntry) -> None:
        call = entry.change.call
        if entry.change.kind is ChangeKind.ADD and call and call.call_type == "answered":
            with self._lock:
                self._answered.add(number_key(call.counterpart))
        self._changed.set()

    def _run(self, stopping: Event) -> None:
        while not stopping.is_set():
            self._changed.clear()
            with self._lock:
                answered, self._answered = self._answered, set()
            try:
                self._check(answered)
            except STORAGE_ERRORS as error:
                log.warning("claims were not checked: %s", type(error).__name__)
            stopping.wait(PAUSE)
            self._changed.wait(CHECK_INTERVAL)

    def _check(self, answered: set[str]) -> None:
        self._claims.remove_expired()
        # The claims of an API are there before its calls are.
        if self._store.synced_at is None:
            return
        for claim in self._claims.active():
            action = self._ending(claim, answered)
            if action:
                self._claims.end([claim.number_key], action, taken_before=claim.taken_at)

    def _ending(self, claim: Claim, answered: set[str]) -> Action | None:
        """Return why the claim is over, or None."""
        callers, key = self._store.callers, claim.number_key
        if callers.was_reached(key, claim.taken_at) or (key in answered and not callers.is_waiting(key)):
            return Action.REACHED
        return None if self._store.matching_ids(CallFilter(view="inbox", number=key), 1) else Action.CLOSED
