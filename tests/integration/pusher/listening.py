"""A listener under test, and all it told. Knows neither what it listens to nor what is expected of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aircall.models import Call
from aircall.pusher.connection import PusherSettings
from aircall.pusher.listener import Listener
from aircall.status import LinkState, LinkStatus
from tests.support.waiting import wait_until

GAP = "gap"
# Tests have no certificate and less time; the rest is as in production.
QUICK: dict[str, Any] = {
    "is_secure": False,
    "first_retry": 0.02,
    "retry_min": 0.05,
    "retry_max": 0.4,
    "subscribe_timeout": 3.0,
}

CALL = Call.from_json(
    {
        "id": "bfd9690a-8707-4b31-81d2-6539ec037983",
        "duration": 42507,
        "is_archived": False,
        "from": "+33113826548",
        "to": "+33111812895",
        "direction": "inbound",
        "call_type": "missed",
        "via": "+33131768181",
        "created_at": "2023-06-16T02:29:35.415Z",
        "notes": [{"id": "37f0d33d-4b7a-4631-af34-dbfb73838510", "content": "Iste accusamus consectetur."}],
    }
)


class Listening:
    """`heard` holds calls and "gap"s in their order, `statuses` each state of the link.

    `interfere` is called with each of them, in the listener's own threads, and may fail or take its time.
    """

    def __init__(self, settings: PusherSettings, authorize: Callable[[str, str], str]) -> None:
        self.heard: list[Call | str] = []
        self.statuses: list[LinkStatus] = []
        self.interfere: Callable[[Call | str | LinkStatus], object] = lambda _told: None
        self.listener = Listener(
            settings,
            authorize=authorize,
            on_call=self._hear,
            on_gap=lambda: self._hear(GAP),
            on_status=self._note,
        )

    @property
    def gap_count(self) -> int:
        """How often the listener said that calls may have been missed."""
        return self.heard.count(GAP)

    @property
    def reasons(self) -> list[str]:
        """Why the link was in each of its states."""
        return [status.reason for status in self.statuses]

    def wait_until(self, state: LinkState, deadline: float = 20.0) -> None:
        """Return when the link is in this state."""
        wait_until(lambda: self.listener.status.state == state, deadline, f"being {state}")

    def wait_for_gap(self, number: int = 1) -> None:
        """Return when the listener has subscribed so many times, and said so."""
        wait_until(lambda: self.gap_count >= number, what=f"gap {number}")

    def wait_for(self, call: Call) -> None:
        """Return when the listener has told of this call."""
        wait_until(lambda: call in self.heard, what=f"call {call.id}")

    def _hear(self, told: Call | str) -> None:
        self.heard.append(told)
        self.interfere(told)

    def _note(self, status: LinkStatus) -> None:
        self.statuses.append(status)
        self.interfere(status)


def sign(socket_id: str, channel: str) -> str:
    """A signature by which a server sees what was signed, and when it is of no matter who signed it."""
    return f"key:signature-of-{socket_id}:{channel}"


def settings_for(port: int, **timings: Any) -> PusherSettings:
    """A server on this machine, with timings that differ from the quick ones."""
    return PusherSettings(key="key", cluster="eu", host="127.0.0.1", port=port, **QUICK | timings)


@contextmanager
def listening(settings: PusherSettings, authorize: Callable[[str, str], str] = sign) -> Iterator[Listening]:
    """A listener that is started, and at the end stopped, leaving no connection behind."""
    subject = Listening(settings, authorize)
    subject.listener.start()
    try:
        yield subject
    finally:
        subject.listener.stop()
        wait_until(lambda: connection_threads() == 0, what="the end of pysher's threads")


def connection_threads() -> int:
    """How many connections pysher has open in this process."""
    return sum(thread.name == "PysherEventLoop" for thread in threading.enumerate())
