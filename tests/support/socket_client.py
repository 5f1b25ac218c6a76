"""A page's socket without the page: what a Socket.IO client of the dashboard is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any

import socketio

# Seconds. A link that was lost often is tried again only after half a minute.
WAIT = 45


class SocketClient:
    """Collects events, each with its payload, in their order."""

    def __init__(self, websocket_options: dict[str, Any]) -> None:
        self.client = socketio.Client(
            reconnection=False, request_timeout=WAIT, websocket_extra_options=websocket_options
        )
        self._received: Queue[tuple[str, Any]] = Queue()
        self.client.on("*", self._collect)
        self.client.on("disconnect", lambda *_: self._collect("disconnect"))

    def next(self, name: str) -> Any:
        """The payload of the next event of this name, others passed over; AssertionError where none comes."""
        return self.next_of(name)[1]

    def next_of(self, *names: str) -> tuple[str, Any]:
        """The next event of one of these names, and its payload; AssertionError where none comes."""
        seen = []
        try:
            while True:
                received, payload = self._received.get(timeout=WAIT)
                if received in names:
                    return received, payload
                seen.append(received)
        except Empty:
            raise AssertionError(f"none of {names} came; seen: {seen}") from None

    def _collect(self, name: str, payload: Any = None, *_: Any) -> None:
        self._received.put((name, payload))


@contextmanager
def connected(
    address: str,
    cookie: str | None,
    *,
    origin: str | None = "",
    position: str | None = None,
    call: object = None,
    directory: str | None = None,
) -> Iterator[SocketClient]:
    """A connected client, its origin the dashboard's own unless given. Raises ConnectionError if refused."""
    client = SocketClient({"suppress_origin": True} if origin is None else {"origin": origin or address})
    headers = {"Cookie": f"callboard={cookie}"} if cookie else {}
    given = {"position": position, "call": call, "directory": directory}
    auth = {name: value for name, value in given.items() if value} or None
    client.client.connect(address, headers=headers, auth=auth, transports=["websocket"], wait_timeout=WAIT)
    websocket = client.client.eio.ws
    try:
        yield client
    finally:
        client.client.disconnect()
        client.client.shutdown()
        # The library leaves open what the server has ended.
        websocket.shutdown()
