"""An Engine.IO server for thousands of open pages.

The event loop watches the sockets (websocket.py), and one greenlet pings them all. Whom a handshake lets in
is asked of `admit`. Overrides parts of python-engineio 4.15, and works under gevent and gunicorn alone.
"""

import base64
import hashlib
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, NoReturn
from wsgiref.types import WSGIEnvironment

import engineio  # type: ignore[import-untyped]  # it publishes no types
import gevent

from aircall.server.websocket import PING_PACKET, TEXT, PageSocket, frame

log = logging.getLogger(__name__)

# Returns whose page a handshake opens, or why it is refused.
Admit = Callable[[WSGIEnvironment], str | HTTPStatus]

SOCKET_KEY = "gunicorn.socket"
# What `admit` returned, in the kept environment. No header has such a name there.
OWNER_KEY = "callboard.owner"
KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# Options of engineio's server.
OPTIONS = (
    "ping_interval",
    "ping_timeout",
    "max_http_buffer_size",
    "http_compression",
    "cors_allowed_origins",
)
# Open pages of a process; more are refused.
MOST_PAGES = 10_000
# Seconds between the handshake and the packet that connects, or after leaving: then a page is disconnected.
ENTRY_TIME = 4.0
# Seconds. A page that takes no data for this long is disconnected.
SEND_TIMEOUT = 15.0
# Seconds between two looks at what is due.
TICK = 0.1
# Seconds for a page to take the close frame, and to close its side.
CLOSING_TIME = 2.0


class EventedServer(engineio.Server):  # type: ignore[misc]  # as imported, without types
    """An Engine.IO server whose sockets are PageSockets."""

    def __init__(
        self,
        admit: Admit,
        most_of_owner: int,
        send_timeout: float = SEND_TIMEOUT,
        entry_time: float = ENTRY_TIME,
        **options: Any,
    ) -> None:
        super().__init__(async_mode="gevent", transports=["websocket"], **options)
        self._admit = admit
        self._most_of_owner = most_of_owner
        self._send_timeout = send_timeout
        self._entry_time = entry_time
        # The number of pages of each owner.
        self._owned: Counter[str] = Counter()
        # All pages wait equally long, so these are in order of time: pages that have not connected to
        # Socket.IO, pages to ping, pages whose pong is awaited, and pages that have been told to close.
        self._outside: deque[tuple[float, PageSocket]] = deque()
        self._due: deque[tuple[float, PageSocket]] = deque()
        self._awaited: deque[tuple[float, PageSocket]] = deque()
        self._closing: deque[tuple[float, PageSocket]] = deque()
        # Pages that did not take all that was sent to them.
        self.behind: set[PageSocket] = set()
        self._is_ticking = False
        self.before_packet: Callable[[], None] = lambda: None
        self.is_inside: Callable[[str], bool] = lambda _sid: True

    def send_packet(self, sid: str, pkt: Any) -> None:
        """Send a packet to one page, after the events that its rooms were sent before."""
        self.before_packet()
        super().send_packet(sid, pkt)

    def expect_pong(self, page: PageSocket) -> None:
        """Ping a page, and give it `ping_timeout` to answer."""
        page.pong_deadline = time.monotonic() + self.ping_timeout
        self._awaited.append((page.pong_deadline, page))
        page.write(PING_PACKET)

    def receive_pong(self, page: PageSocket) -> None:
        """Ping this page again after `ping_interval`, if it was asked."""
        if page.pong_deadline is not None:
            page.pong_deadline = None
            self._due.append((time.monotonic() + self.ping_interval, page))

    def receive_message(self, page: PageSocket, text: str) -> None:
        """Hand a message to Socket.IO."""
        self._trigger_event("message", page.sid, text, run_async=False)

    def forget(self, page: PageSocket, reason: str) -> None:
        """Tell Socket.IO that a connection has ended."""
        self._trigger_event("disconnect", page.sid, reason, run_async=False)
        self.sockets.pop(page.sid, None)
        self._owned[page.whose] -= 1
        if not self._owned[page.whose]:
            del self._owned[page.whose]

    def expect_entry(self, sid: str) -> None:
        """Give a page `entry_time` to connect to Socket.IO."""
        if (page := self.sockets.get(sid)) is not None:
            self._outside.append((time.monotonic() + self._entry_time, page))

    def expect_end(self, page: PageSocket) -> None:
        """Give a page that has been told to close some time for it."""
        self._closing.append((time.monotonic() + CLOSING_TIME, page))

    def _handle_connect(
        self, environ: WSGIEnvironment, _start_response: object, transport: str, _jsonp_index: object = None
    ) -> Any:
        if transport != "websocket" or SOCKET_KEY not in environ:
            return self._bad_request("Invalid transport")
        if len(self.sockets) >= MOST_PAGES:
            return self._refused(HTTPStatus.SERVICE_UNAVAILABLE)
        whose = self._admit(environ)
        if isinstance(whose, HTTPStatus):
            return self._refused(whose)
        if self._owned[whose] >= self._most_of_owner:
            return self._refused(HTTPStatus.TOO_MANY_REQUESTS)
        sid = self.generate_id()
        if self._trigger_event("connect", sid, _kept(environ, whose), run_async=False) not in (None, True):
            return self._refused(HTTPStatus.UNAUTHORIZED)
        return self._open(sid, whose, environ)

    def _refused(self, status: HTTPStatus) -> Any:
        return self._bad_request(status.phrase) | {"status": f"{status.value} {status.phrase}"}

    def _open(self, sid: str, whose: str, environ: WSGIEnvironment) -> NoReturn:
        page = self.sockets[sid] = PageSocket(self, sid, whose, environ[SOCKET_KEY].detach())
        self._owned[whose] += 1
        hello = engineio.packet.Packet(
            engineio.packet.OPEN,
            {
                "sid": sid,
                "upgrades": [],
                "pingTimeout": int(self.ping_timeout * 1000),
                "pingInterval": int(self.ping_interval * 1000),
                "maxPayload": self.max_http_buffer_size,
            },
        ).encode()
        accepted = _accepting(environ["HTTP_SEC_WEBSOCKET_KEY"])
        page.write(accepted + frame(TEXT, hello.encode()))
        self._due.append((time.monotonic() + self.ping_interval, page))
        self.expect_entry(sid)
        if not self._is_ticking:
            self._is_ticking = True
            gevent.spawn(self._tick_while_open)
        # For gunicorn: this connection is no longer its own.
        raise StopIteration

    def _tick_while_open(self) -> None:
        while self.sockets or self._closing:
            gevent.sleep(TICK)
            try:
                self._tick(time.monotonic())
            except Exception as error:
                log.exception("pages could not be pinged", extra={"error": type(error).__name__})
        self._is_ticking = False

    def _tick(self, now: float) -> None:
        for page in _until(now, self._due):
            if not page.closed:
                self.expect_pong(page)
        for page in _until(now, self._closing):
            page.release()
        for page in _until(now, self._outside):
            if not page.closed and not self.is_inside(page.sid):
                gevent.spawn(page.close)
        while self._awaited and self._awaited[0][0] <= now:
            deadline, page = self._awaited.popleft()
            if page.pong_deadline == deadline and not page.closed:
                gevent.spawn(page.close, reason=self.reason.PING_TIMEOUT)
        for page in list(self.behind):
            if page.is_too_slow(now, self._send_timeout):
                gevent.spawn(page.close, abort=True, reason=self.reason.TRANSPORT_ERROR)


def install(
    server: Any, admit: Admit, most_of_owner: int, send_timeout: float, entry_time: float = ENTRY_TIME
) -> None:
    """Give this Socket.IO server, which has a RoomManager, an EventedServer for its Engine.IO server.

    `most_of_owner` is how many pages may be open of those that `admit` says belong together.
    """
    stock, rooms = server.eio, server.manager
    options = {name: getattr(stock, name) for name in OPTIONS}
    server.eio = EventedServer(admit, most_of_owner, send_timeout, entry_time, logger=stock.logger, **options)
    server.eio.handlers = stock.handlers
    server.eio.before_packet = rooms.send_emitted
    server.eio.is_inside = lambda sid: rooms.sid_from_eio_sid(sid, "/") is not None


def _accepting(key: str) -> bytes:
    """Return the response that accepts a handshake with this key."""
    # The protocol's own use of SHA-1.
    digest = hashlib.sha1((key + KEY_SUFFIX).encode(), usedforsecurity=False).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


def _kept(environ: WSGIEnvironment, whose: str) -> WSGIEnvironment:
    """Return what of the handshake is kept as long as the page is open: not the server's objects."""
    # The names of CGI are in capitals, those of servers (`wsgi.`, `gunicorn.`) in small letters.
    kept = {name: value for name, value in environ.items() if name[0] < "a"}
    return kept | {"wsgi.url_scheme": environ["wsgi.url_scheme"], OWNER_KEY: whose}


def _until(now: float, pages: deque[tuple[float, PageSocket]]) -> Iterable[PageSocket]:
    while pages and pages[0][0] <= now:
        yield pages.popleft()[1]
