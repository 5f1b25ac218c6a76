"""Everything the sandbox knows while it runs, under one lock: calls, tokens, faults, counters and listeners.

What can happen to a call happens here, whether a client, a colleague or a test asked for it. Knows no HTTP.
"""

import json
from datetime import UTC, datetime
from threading import RLock

from sandbox.calls import CallJson, CallList, CallSource, flipped, with_note
from sandbox.channel import UPDATE_CALL, Hub
from sandbox.counters import Counted, Counters
from sandbox.faults import Faults
from sandbox.generated import GeneratedCalls
from sandbox.options import Options
from sandbox.recorded import RecordedCalls
from sandbox.tokens import TokenDesk


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
