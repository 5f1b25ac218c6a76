"""An open page of the list without a browser: what it shows, by what it was told and fetched for that."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.chaos.instance import Instance
from tests.support.socket_client import SocketClient, connected
from tests.support.waiting import wait_until

ROW = re.compile(r'data-call-id="([^"]+)"[^>]*data-archived="(true|false)"')


class Page:
    """Shows some calls, each archived or not. `history` has every state that it ever showed, in order."""

    def __init__(
        self, instance: Instance, cookie: str, call_ids: Sequence[str], socket: SocketClient, link: str
    ) -> None:
        self.instance = instance
        self.socket = socket
        self.links = [link]
        self.history: list[tuple[str, bool]] = []
        self._cookie = cookie
        self._call_ids = call_ids
        self._shown: dict[str, bool] = {}
        self._reading = threading.Lock()
        for name in ("update-call", "add-call"):
            socket.client.on(name, self._take)
        socket.client.on("reload", lambda *_: self.read())
        socket.client.on("link", lambda link: self.links.append(link["state"]))
        self.read()

    def shows(self, call_id: str) -> bool:
        """Whether it shows this call as archived."""
        return self._shown[call_id]

    def wait_for(self, call_id: str, is_archived: bool, within: float) -> None:
        """Return when it shows the call so. Raises AssertionError after so many seconds."""
        wait_until(lambda: self._shown[call_id] is is_archived, within, f"{call_id} on a page")

    def read(self) -> None:
        """Fetch the rows, as a browser does when it is told to read itself again."""
        # One after the other, so that no older answer comes after a newer one.
        with self._reading:
            answer = self.instance.get(f"/calls/rows?ids={','.join(self._call_ids)}", self._cookie)
            self._show(dict(ROW.findall(answer.text)))

    def _take(self, told: dict[str, Any]) -> None:
        # A browser fetches the row: facts are pushed, HTML is pulled.
        call_id = told["call"]["id"]
        if call_id in self._call_ids:
            self.read()

    def _show(self, rows: dict[str, str]) -> None:
        for call_id, text in rows.items():
            is_archived = text == "true"
            if self._shown.get(call_id) is not is_archived:
                self._shown[call_id] = is_archived
                self.history.append((call_id, is_archived))


@contextmanager
def page_of(instance: Instance, cookie: str, call_ids: Sequence[str]) -> Iterator[Page]:
    """A page that is open, and has caught up."""
    with connected(instance.address, cookie) as socket:
        link = socket.next("link")["state"]
        socket.next("caught-up")
        yield Page(instance, cookie, call_ids, socket, link)
