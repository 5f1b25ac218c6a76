"""The state of the sandbox: calls, tokens, faults, counters and connections; and simulated traffic.

All changes of calls are made here, for clients, colleagues and tests.
"""

import json
import time
from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from random import Random
from threading import Lock, RLock, Thread

from sandbox.awkward import DEFAULT_COUNT, AwkwardCalls
from sandbox.calls import NOTE_TEXTS, CallJson, CallList, CallSource, new_call, toggled, with_note
from sandbox.channel import UPDATE_CALL, Hub
from sandbox.faults import Faults
from sandbox.generated import GeneratedCalls
from sandbox.options import Options
from sandbox.recorded import RecordedCalls
from sandbox.team import TeamCalls
from sandbox.tokens import TokenIssuer


class Counted(StrEnum):
    """Names of the counters. `requests` includes requests with a fault."""

    REQUESTS = "requests"
    UNAUTHORIZED = "unauthorized"
    LOGINS = "logins"
    REFRESHES = "refreshes"
    DEPRECATED_REFRESHES = "deprecated_refreshes"
    LIST_READS = "list_reads"
    ROWS_SENT = "rows_sent"
    CALL_READS = "call_reads"
    NOTES_ADDED = "notes_added"
    CHANNEL_AUTHS = "channel_auths"
    CONNECTIONS_REFUSED = "connections_refused"
    EVENTS_SENT = "events_sent"


class Counters:
    """Counters since the start or the last reset. Of colleagues' actions only the events are counted."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Reset all counters to zero."""
        self._counts: Counter[Counted] = Counter()
        self._flips_by_call: Counter[str] = Counter()

    def count(self, what: Counted, by: int = 1) -> None:
        """Increment a counter."""
        with self._lock:
            self._counts[what] += by

    def count_toggle(self, call_id: str) -> None:
        """Count a toggle of this call by a client."""
        with self._lock:
            self._flips_by_call[call_id] += 1

    def to_json(self) -> dict[str, int | dict[str, int]]:
        """Return all counters by name."""
        with self._lock:
            return {
                **{what.value: self._counts[what] for what in Counted},
                "archive_flips": self._flips_by_call.total(),
                "archive_flips_by_call": dict(self._flips_by_call),
            }


class Upstream:
    """The state behind the API and the channel. A change is published before the lock is released."""

    def __init__(self, options: Options) -> None:
        self.lock = RLock()
        self.hub = Hub()
        self.faults = Faults()
        self.tokens = TokenIssuer(
            options.access_ttl, options.refresh_ttl, options.strict_rotation, options.keep_tokens
        )
        self._source = _source(options, datetime.now(UTC))
        self.calls = CallList(self._source)
        self.counters = Counters()

    def reset(self) -> None:
        """Restore the initial state. Invalidates all tokens and closes all sockets."""
        with self.lock:
            self.clear_faults()
            self.tokens.reset()
            self.calls = CallList(self._source)
            self.counters.reset()
            self.hub.reset()

    def clear_faults(self) -> None:
        """Switch off all faults. Invalidated tokens and closed sockets are not restored."""
        self.faults.clear()
        self.tokens.clear_faults()
        for listener in self.hub.listeners():
            listener.unmute()

    def counters_json(self) -> dict[str, int | dict[str, int]]:
        """Return all counters by name, including those of the channel."""
        return {
            **self.counters.to_json(),
            "subscriptions_now": self.hub.subscriptions_now(),
            "subscriptions_total": self.hub.subscriptions_total,
            "connections_total": self.hub.connections_total,
        }

    def page(self, offset: int, limit: int) -> tuple[list[CallJson], int]:
        """Return up to `limit` calls from `offset` on, and the total number of calls."""
        with self.lock:
            return self.calls.page(offset, limit), len(self.calls)

    def call(self, call_id: str) -> CallJson | None:
        """Return the call, or None if it does not exist."""
        with self.lock:
            return self.calls.get(call_id)

    def toggle_archive(self, call_id: str) -> CallJson | None:
        """Toggle the archive state and publish it. Return None if the call does not exist."""
        with self.lock:
            call = self.calls.get(call_id)
            return None if call is None else self._changed(toggled(call))

    def add_note(self, call_id: str, content: str) -> CallJson | None:
        """Add a note and publish it. Return None if the call does not exist."""
        with self.lock:
            call = self.calls.get(call_id)
            return None if call is None else self._changed(with_note(call, content))

    def arrival(self, random: Random) -> CallJson:
        """Return a call that has just ended, of somebody who calls often if the calls are a team's."""
        now = datetime.now(UTC)
        if isinstance(self._source, TeamCalls):
            return self._source.arrival(random, now)
        return new_call(random, now, {})

    def add(self, call: CallJson) -> None:
        """Add a new call. As with the API, no event is sent."""
        with self.lock:
            self.calls.prepend(call)

    def remove(self, call_id: str) -> bool:
        """Remove the call. No event is sent. Return False if the call does not exist."""
        with self.lock:
            return self.calls.remove(call_id)

    def _changed(self, call: CallJson) -> CallJson:
        self.calls.put(call)
        if not self.faults.take_event_loss():
            self.hub.publish(UPDATE_CALL, json.dumps(call))
            self.counters.count(Counted.EVENTS_SENT)
        return call


def _source(options: Options, started_at: datetime) -> CallSource:
    if options.team:
        return TeamCalls(options.seed, started_at)
    if options.awkward:
        count = DEFAULT_COUNT if options.calls is None else options.calls
        return AwkwardCalls(count, options.seed, started_at)
    if options.calls is None:
        return RecordedCalls(started_at)
    return GeneratedCalls(options.calls, options.seed, started_at)


class Traffic(Thread):
    """Changes a random call or adds a new one every `interval` seconds."""

    def __init__(self, upstream: Upstream, interval: float, seed: int) -> None:
        super().__init__(name="sandbox-traffic", daemon=True)
        self._upstream = upstream
        self._interval = interval
        self._random = Random(seed)

    def run(self) -> None:
        """Run until the process ends."""
        while True:
            time.sleep(self._interval)
            self.act()

    def act(self) -> None:
        """Do one random action."""
        kind = self._random.choice(("archive", "archive", "note", "arrive"))
        call_id = self._random_call_id()
        if kind == "arrive" or call_id is None:
            self._upstream.add(self._upstream.arrival(self._random))
        elif kind == "archive":
            self._upstream.toggle_archive(call_id)
        else:
            self._upstream.add_note(call_id, self._random.choice(NOTE_TEXTS))

    def _random_call_id(self) -> str | None:
        with self._upstream.lock:
            count = len(self._upstream.calls)
            page = self._upstream.calls.page(self._random.randrange(count), 1) if count else []
        return page[0]["id"] if page else None
