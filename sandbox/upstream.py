"""How often clients did what, so that tests can tell what reached the API. Knows nothing of the doing.

Everything the sandbox knows while it runs, under one lock: calls, tokens, faults, counters and listeners.

What can happen to a call happens here, whether a client, a colleague or a test asked for it. Knows no HTTP.

Colleagues who work on the same calls, and customers who call. Knows no HTTP.
"""

import json
import time
from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from random import Random
from threading import Lock, RLock, Thread

from sandbox.calls import SENTENCES, CallJson, CallList, CallSource, flipped, new_call, with_note
from sandbox.channel import UPDATE_CALL, Hub
from sandbox.faults import Faults
from sandbox.generated import GeneratedCalls
from sandbox.options import Options
from sandbox.recorded import RecordedCalls
from sandbox.tokens import TokenDesk


class Counted(StrEnum):
    """What is counted. `requests` are all that reached the API, whether a fault met them or not."""

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
    """Counts since the start or the last reset. What colleagues do counts only as events sent."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Count from zero again."""
        self._counts: Counter[Counted] = Counter()
        self._flips_by_call: Counter[str] = Counter()

    def count(self, what: Counted, by: int = 1) -> None:
        """It happened once more, or `by` times more."""
        with self._lock:
            self._counts[what] += by

    def count_flip(self, call_id: str) -> None:
        """A client archived this call or moved it back."""
        with self._lock:
            self._flips_by_call[call_id] += 1

    def to_json(self) -> dict[str, int | dict[str, int]]:
        """All counts by name."""
        with self._lock:
            return {
                **{what.value: self._counts[what] for what in Counted},
                "archive_flips": self._flips_by_call.total(),
                "archive_flips_by_call": dict(self._flips_by_call),
            }


class Upstream:
    """The state behind the API and the channel. A change is announced before the lock is free again."""

    def __init__(self, options: Options) -> None:
        self.lock = RLock()
        self.hub = Hub()
        self.faults = Faults()
        self.tokens = TokenDesk(options.access_ttl, options.refresh_ttl, options.strict_rotation)
        self._source = _source(options, datetime.now(UTC))
        self.calls = CallList(self._source)
        self.counters = Counters()

    def reset(self) -> None:
        """Back to the start: the same calls, no faults, counters at zero; tokens and sockets end."""
        with self.lock:
            self.clear_faults()
            self.tokens.reset()
            self.calls = CallList(self._source)
            self.counters.reset()
            self.hub.reset()

    def clear_faults(self) -> None:
        """Switch all faults off; tokens that have ended and sockets that have gone do not come back."""
        self.faults.clear()
        self.tokens.clear_faults()
        for listener in self.hub.listeners():
            listener.speak()

    def counted(self) -> dict[str, int | dict[str, int]]:
        """All counters by name, those of the channel too."""
        return {
            **self.counters.to_json(),
            "subscriptions_now": self.hub.subscriptions_now(),
            "subscriptions_total": self.hub.subscriptions_total,
            "connections_total": self.hub.connections_total,
        }

    def page(self, offset: int, limit: int) -> tuple[list[CallJson], int]:
        """Up to `limit` calls from `offset` on, and how many there are in all."""
        with self.lock:
            return self.calls.page(offset, limit), len(self.calls)

    def call(self, call_id: str) -> CallJson | None:
        """The call, or None where there is no such call."""
        with self.lock:
            return self.calls.get(call_id)

    def flip_archive(self, call_id: str) -> CallJson | None:
        """Archive the call, or move it back, and tell everybody; None where there is no such call."""
        with self.lock:
            call = self.calls.get(call_id)
            return None if call is None else self._changed(flipped(call))

    def add_note(self, call_id: str, content: str) -> CallJson | None:
        """Put a note on the call and tell everybody; None where there is no such call."""
        with self.lock:
            call = self.calls.get(call_id)
            return None if call is None else self._changed(with_note(call, content))

    def arrive(self, call: CallJson) -> None:
        """A new call comes in. Nobody is told, as with the API."""
        with self.lock:
            self.calls.arrive(call)

    def remove(self, call_id: str) -> bool:
        """The API lists the call no longer. Nobody is told; False where there is no such call."""
        with self.lock:
            return self.calls.remove(call_id)

    def _changed(self, call: CallJson) -> CallJson:
        self.calls.put(call)
        if not self.faults.is_event_lost():
            self.hub.publish(UPDATE_CALL, json.dumps(call))
            self.counters.count(Counted.EVENTS_SENT)
        return call


def _source(options: Options, started_at: datetime) -> CallSource:
    if options.calls is None:
        return RecordedCalls(started_at)
    return GeneratedCalls(options.calls, options.seed, started_at)


class Traffic(Thread):
    """Does something to a random call, or lets a new one come in, every `pace` seconds."""

    def __init__(self, upstream: Upstream, pace: float, seed: int) -> None:
        super().__init__(name="sandbox-traffic", daemon=True)
        self._upstream = upstream
        self._pace = pace
        self._random = Random(seed)

    def run(self) -> None:
        """Go on until the process ends."""
        while True:
            time.sleep(self._pace)
            self.act()

    def act(self) -> None:
        """One act: archive or move back, note, or a new call."""
        kind = self._random.choice(("archive", "archive", "note", "arrive"))
        call_id = self._some_call()
        if kind == "arrive" or call_id is None:
            self._upstream.arrive(new_call(self._random, datetime.now(UTC), {}))
        elif kind == "archive":
            self._upstream.flip_archive(call_id)
        else:
            self._upstream.add_note(call_id, self._random.choice(SENTENCES))

    def _some_call(self) -> str | None:
        with self._upstream.lock:
            count = len(self._upstream.calls)
            page = self._upstream.calls.page(self._random.randrange(count), 1) if count else []
        return page[0]["id"] if page else None
