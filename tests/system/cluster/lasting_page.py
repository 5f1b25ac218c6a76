"""An open page without a browser that comes back by itself, however often its server goes away."""

import contextlib
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import requests
import websocket

from tests.support.bare_socket import BareSocket
from tests.support.dashboard import COOKIE
from tests.support.sandbox import Call, Sandbox
from tests.support.waiting import wait_until

# A page takes its server for gone after this much silence, and tries again so soon, in seconds.
SILENCE, PAUSE = 9.0, 0.5
TOLD = ("update-call", "add-call", "remove-call", "caught-up", "reload", "link")
# Of a row, in whatever order its attributes stand.
ROW = re.compile(r'(?=[^>]*data-call-id="([^"]+)")(?=[^>]*data-archived="(true|false)")')
NOTES = re.compile(r"Notes: </span>(\d+)")


class Shown(NamedTuple):
    """What a row shows of its call."""

    is_archived: bool
    note_count: int


class LastingPage:
    """Shows some calls. `told` has every state of them that events brought, `history` all that it showed."""

    def __init__(self, address: str, cookie: str, call_ids: Sequence[str]) -> None:
        self.told: list[tuple[str, Shown]] = []
        self.history: list[tuple[str, Shown]] = []
        self.links: list[str] = []
        self.connection_count = 0
        self.is_caught_up = False
        self._address, self._cookie, self._call_ids = address, cookie, call_ids
        self._position: str | None = None
        self._shown: dict[str, Shown] = {}
        self._socket: BareSocket | None = None
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    @property
    def shown(self) -> dict[str, Shown]:
        """What it shows now."""
        return dict(self._shown)

    @property
    def is_live(self) -> bool:
        """Whether it claims to be: it is connected, missed nothing, and events arrive."""
        return self.is_caught_up and self.links[-1:] == ["live"]

    def wrong(self, true_now: Mapping[str, Shown]) -> dict[str, tuple[Shown | None, Shown]]:
        """What it shows and what is true, of each of its calls that differs."""
        shown = {call_id: self._shown.get(call_id) for call_id in self._call_ids}
        return {one: (state, true_now[one]) for one, state in shown.items() if state != true_now[one]}

    def start(self) -> None:
        """Open it; returns once it has caught up."""
        self._thread.start()
        wait_until(lambda: self.is_caught_up, 20, "a page that has caught up")

    def close(self) -> None:
        """Close it."""
        self._is_closed.set()
        if self._socket is not None:
            self._socket.hang_up()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_closed.is_set():
            # Whatever goes wrong on the way, a page tries again.
            with contextlib.suppress(OSError, websocket.WebSocketException):
                self._follow()
            self._socket, self.is_caught_up = None, False
            self._is_closed.wait(PAUSE)

    def _follow(self) -> None:
        connection = BareSocket.connect(self._address, self._cookie, self._position, wait=SILENCE)
        with connection as self._socket:
            if self._position is None:
                self._read()
            while not self._is_closed.is_set():
                self._take(*self._socket.next_of(*TOLD))

    def _take(self, name: str, told: dict[str, Any]) -> None:
        if name == "link":
            self.links.append(told["state"])
            return
        self._position = told["position"]
        if name == "reload":
            self._read()
        if name in ("caught-up", "reload"):
            self.connection_count += name == "caught-up" or not self.is_caught_up
            self.is_caught_up = True
        elif told.get("call", told)["id"] in self._call_ids:
            if "call" in told:
                self.told.append((told["call"]["id"], state_of(told["call"])))
            self._read()

    def _read(self) -> None:
        answer = requests.get(
            f"{self._address}/calls/rows?ids={','.join(self._call_ids)}",
            cookies={COOKIE: self._cookie},
            timeout=SILENCE,
        )
        answer.raise_for_status()
        for row in answer.text.split("<li ")[1:]:
            if found := ROW.match(row):
                notes = NOTES.search(row)
                self._show(found[1], Shown(found[2] == "true", int(notes[1]) if notes else 0))

    def _show(self, call_id: str, state: Shown) -> None:
        if self._shown.get(call_id) != state:
            self._shown[call_id] = state
            self.history.append((call_id, state))


def state_of(call: Call) -> Shown:
    """What a row is to show of this call of the API."""
    return Shown(call["is_archived"], len(call["notes"] or ()))


def truth(sandbox: Sandbox) -> dict[str, Shown]:
    """What pages are to show of each call."""
    return {call["id"]: state_of(call) for call in sandbox.calls()}


def wait_until_right(pages: Sequence[LastingPage], sandbox: Sandbox, within: float) -> None:
    """Return when each of them shows the truth. Raises AssertionError, saying what is wrong, if late."""

    def wrong() -> list[dict[str, tuple[Shown | None, Shown]]]:
        true_now = truth(sandbox)
        return [page.wrong(true_now) for page in pages]

    try:
        wait_until(lambda: not any(wrong()), within, "every page that is right")
    except AssertionError as error:
        raise AssertionError(f"{error}; wrong are, shown and true, {wrong()}") from None


@contextmanager
def lasting_pages(
    addresses: Sequence[str], cookie: str, call_ids: Sequence[str]
) -> Iterator[list[LastingPage]]:
    """A page at each of these addresses, all of the same person and the same calls, open until the end."""
    with ExitStack() as stack:
        pages = [LastingPage(address, cookie, call_ids) for address in addresses]
        for page in pages:
            stack.callback(page.close)
            page.start()
        yield pages
