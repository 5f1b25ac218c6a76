"""A listener under test, and everything that it called back with."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from aircall.models import Call, CallEvent
from aircall.pusher.connection import PusherSettings
from aircall.pusher.listener import Listener
from aircall.status import LinkState, LinkStatus
from tests.integration.pusher.scripted_pusher import Peer, Script, ScriptedPusher
from tests.support.made_calls import made_call, made_notes
from tests.support.waiting import wait_until

GAP = "gap"
# Without TLS, and with short waits; the rest is as in production.
QUICK: dict[str, Any] = {
    "is_secure": False,
    "first_retry": 0.02,
    "retry_min": 0.05,
    "retry_max": 0.4,
    "subscribe_timeout": 3.0,
}

CALL = made_call(notes=made_notes("Iste accusamus consectetur."))


class Listening:
    """`received` holds calls and gaps in order, `statuses` each status of the link.

    `hook` is called with each of them, in the listener's own threads, and may fail or block.
    """

    def __init__(self, settings: PusherSettings, authorize: Callable[[str, str], str]) -> None:
        self.received: list[CallEvent | str] = []
        self.statuses: list[LinkStatus] = []
        self.hook: Callable[[CallEvent | str | LinkStatus], object] = lambda _value: None
        self.listener = Listener(
            settings,
            authorize=authorize,
            on_call=self._receive,
            on_gap=lambda: self._receive(GAP),
            on_status=self._note,
        )

    @property
    def reasons(self) -> list[str]:
        return [status.reason for status in self.statuses]

    def wait_until(self, state: LinkState) -> None:
        wait_until(lambda: self.listener.status.state == state, what=f"being {state}")

    def wait_for_gap(self, number: int = 1) -> None:
        wait_until(lambda: self.received.count(GAP) >= number, what=f"gap {number}")

    def wait_for(self, call: Call) -> None:
        wait_until(lambda: call in self.received, what=f"call {call.id}")

    def _receive(self, value: CallEvent | str) -> None:
        self.received.append(value)
        self.hook(value)

    def _note(self, status: LinkStatus) -> None:
        self.statuses.append(status)
        self.hook(status)


def sign(socket_id: str, channel: str) -> str:
    """Return a signature that shows what was signed."""
    return f"key:signature-of-{socket_id}:{channel}"


def settings_for(port: int, **timings: Any) -> PusherSettings:
    """Settings for a server on this machine, with timings that differ from QUICK."""
    return PusherSettings(key="key", cluster="eu", host="127.0.0.1", port=port, **QUICK | timings)


@contextmanager
def listening(settings: PusherSettings, authorize: Callable[[str, str], str] = sign) -> Iterator[Listening]:
    """Start a listener; stop it at the end, and wait until no connection is left."""
    subject = Listening(settings, authorize)
    subject.listener.start()
    try:
        yield subject
    finally:
        subject.listener.stop()
        wait_until(lambda: connection_threads() == 0, what="the end of pysher's threads")


@contextmanager
def connected(
    *scripts: Script, authorize: Callable[[str, str], str] = sign, **timings: Any
) -> Iterator[tuple[ScriptedPusher, Listening]]:
    """Start a scripted server, which accepts by default, and a listener to it."""
    with (
        ScriptedPusher(*scripts or (Peer.accept,)) as server,
        listening(settings_for(server.port, **timings), authorize) as subject,
    ):
        yield server, subject


def waits(server: ScriptedPusher) -> list[float]:
    """Seconds between the connections."""
    return [after.opened_at - before.opened_at for before, after in pairwise(server.peers)]


def connection_threads() -> int:
    """Number of open connections of pysher in this process."""
    return sum(thread.name == "PysherEventLoop" for thread in threading.enumerate())
