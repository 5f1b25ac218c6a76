"""An Engine.IO server for thousands of open pages, its rooms, and the WSGI middleware in front.

The event loop watches the sockets (websocket.py), and one greenlet pings them all. An event for a room is
encoded and framed once. Overrides parts of python-engineio 4.15 and python-socketio 5.18, and works under
gevent and gunicorn alone.
"""

import base64
import hashlib
import logging
import time
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, NoReturn
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import engineio  # type: ignore[import-untyped]  # it publishes no types
import gevent
import socketio
from socketio import packet as socketio_packet

from aircall.server.websocket import (
    PING_PACKET,
    TEXT,
    PageSocket,
    frame,
)

log = logging.getLogger(__name__)

PATH = "/socket.io/"
SOCKET_KEY = "gunicorn.socket"
# Characters of `Sec-WebSocket-Key`: 16 bytes in base64.
KEY_LENGTH = 24
KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# Open pages of a process; more are refused.
MOST_PAGES = 10_000
# Seconds. A page that takes no data for this long is disconnected.
SEND_TIMEOUT = 15.0
# Seconds between two looks at what is due.
TICK = 0.1
# Seconds for a page to take the close frame, and to close its side.
CLOSING_TIME = 2.0


class EventedServer(engineio.Server):  # type: ignore[misc]  # as imported, without types
    """An Engine.IO server whose sockets are PageSockets."""

    def __init__(self, send_timeout: float = SEND_TIMEOUT, **options: Any) -> None:
        super().__init__(**options)
        self._send_timeout = send_timeout
        # All pages wait equally long, so these are in order of time: pages to ping, pages whose pong is
        # awaited, and pages that have been told to close.
        self._due: deque[tuple[float, PageSocket]] = deque()
        self._awaited: deque[tuple[float, PageSocket]] = deque()
        self._closing: deque[tuple[float, PageSocket]] = deque()
        # Pages that did not take all that was sent to them.
        self.behind: set[PageSocket] = set()
        self._is_ticking = False
        self.before_packet: Callable[[], None] = lambda: None

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

    def expect_end(self, page: PageSocket) -> None:
        """Give a page that has been told to close some time for it."""
        self._closing.append((time.monotonic() + CLOSING_TIME, page))

    def _handle_connect(
        self, environ: WSGIEnvironment, _start_response: object, transport: str, _jsonp_index: object = None
    ) -> Any:
        if transport != "websocket" or SOCKET_KEY not in environ:
            return self._bad_request("Invalid transport")
        if len(self.sockets) >= MOST_PAGES:
            return self._bad_request() | {"status": "503 SERVICE UNAVAILABLE"}
        sid = self.generate_id()
        if self._trigger_event("connect", sid, _kept(environ), run_async=False) not in (None, True):
            return self._unauthorized()
        return self._open(sid, environ)

    def _open(self, sid: str, environ: WSGIEnvironment) -> NoReturn:
        page = self.sockets[sid] = PageSocket(self, sid, environ[SOCKET_KEY].detach())
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
        while self._awaited and self._awaited[0][0] <= now:
            deadline, page = self._awaited.popleft()
            if page.pong_deadline == deadline and not page.closed:
                gevent.spawn(page.close, reason=self.reason.PING_TIMEOUT)
        for page in list(self.behind):
            if page.is_too_slow(now, self._send_timeout):
                gevent.spawn(page.close, abort=True, reason=self.reason.TRANSPORT_ERROR)


class RoomManager(socketio.Manager):  # type: ignore[misc]  # as imported, without types
    """Rooms whose events are encoded and framed once for all their pages.

    What is emitted in one turn of the event loop leaves at its end, to each page by one system call, and in
    its order, also with what is sent to single pages. If the turn takes long, an event waits no longer than
    sending took the last time.
    """

    def __init__(self) -> None:
        super().__init__()
        # What was emitted in this turn: the key of the room, and the frame.
        self._emitted: list[tuple[Hashable, bytes]] = []
        self._oldest_at = 0.0
        # Seconds that sending took the last time.
        self._sending_time = 0.0
        # Rooms that were entered by name; each socket is also alone in a room of its own.
        self._names: set[Any] = set()

    def enter_room(self, sid: str, namespace: str, room: Any, eio_sid: str | None = None) -> None:
        """Add a socket to a room. It gets no event from before."""
        self.send_emitted()
        super().enter_room(sid, namespace, room, eio_sid)
        self._names.add(room)

    def leave_room(self, sid: str, namespace: str, room: Any) -> None:
        """Remove a socket from a room. It gets every event from before."""
        self.send_emitted()
        super().leave_room(sid, namespace, room)

    def basic_disconnect(self, sid: str, namespace: str, **_: object) -> None:
        """Forget a socket. python-socketio's would look through the rooms of all sockets."""
        for room in (sid, None, *self._names):
            self.basic_leave_room(sid, namespace, room)
        self._names.intersection_update(self.rooms.get(namespace, ()))
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        to: Any = None,
        **more: Any,
    ) -> None:
        """Send an event to a room, or to several."""
        arguments = list(data) if isinstance(data, tuple) else [] if data is None else [data]
        packet = self.server.packet_class(
            socketio_packet.EVENT, namespace=namespace, data=[event, *arguments]
        )
        if callback or skip_sid or packet.packet_type != socketio_packet.EVENT:
            super().emit(event, data, namespace, room, skip_sid, callback, to, **more)
            return
        target = to or room
        key = (namespace, tuple(target) if isinstance(target, list) else target)
        data = frame(TEXT, b"4" + packet.encode().encode())
        if self.is_sid_room(*key):
            self.send_emitted()
            _send_to_all(self._pages(key), data)
        else:
            self._hold(key, data)

    def send_emitted(self) -> None:
        """Send what has been emitted in this turn of the event loop."""
        emitted, self._emitted = self._emitted, []
        if emitted:
            began = time.monotonic()
            keys = list(dict.fromkeys(key for key, _ in emitted))
            for of_these, pages in self._groups(keys):
                _send_to_all(pages, b"".join(data for key, data in emitted if key in of_these))
            self._sending_time = time.monotonic() - began

    def _hold(self, key: Hashable, data: bytes) -> None:
        now = time.monotonic()
        if not self._emitted:
            self._oldest_at = now
            gevent.get_hub().loop.run_callback(self.send_emitted)
        self._emitted.append((key, data))
        if now - self._oldest_at > self._sending_time:
            self.send_emitted()

    def _groups(self, keys: list[Hashable]) -> Iterable[tuple[tuple[Hashable, ...], list[PageSocket]]]:
        """Return the pages of these rooms, together those that are in the same ones."""
        if len(keys) == 1:
            return [(tuple(keys), self._pages(keys[0]))]
        keys_of: dict[PageSocket, tuple[Hashable, ...]] = {}
        for key in keys:
            for page in self._pages(key):
                keys_of[page] = (*keys_of.get(page, ()), key)
        groups = defaultdict(list)
        for page, its_keys in keys_of.items():
            groups[its_keys].append(page)
        return groups.items()

    def _pages(self, key: Any) -> list[PageSocket]:
        sockets = self.server.eio.sockets
        return [sockets[sid] for _, sid in self.get_participants(*key) if sid in sockets]


def _send_to_all(pages: Iterable[PageSocket], data: bytes) -> None:
    for page in pages:
        page.write(data)


def install(server: Any, send_timeout: float) -> None:
    """Give this Socket.IO server, which has a RoomManager, an EventedServer for its Engine.IO server."""
    stock = server.eio
    server.eio = EventedServer(
        send_timeout,
        async_mode=stock.async_mode,
        ping_interval=stock.ping_interval,
        ping_timeout=stock.ping_timeout,
        max_http_buffer_size=stock.max_http_buffer_size,
        http_compression=stock.http_compression,
        cors_allowed_origins=stock.cors_allowed_origins,
        transports=stock.transports,
        logger=stock.logger,
    )
    server.eio.handlers = stock.handlers
    server.eio.before_packet = server.manager.send_emitted


class WebSocketMiddleware:
    """WSGI middleware that refuses bad handshakes and adds `headers` to the answers of Engine.IO."""

    def __init__(self, app: WSGIApplication, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket" and not _is_handshake(environ):
            # Without this Engine.IO answers 400.
            del environ["HTTP_UPGRADE"]
        if environ.get("PATH_INFO", "").startswith(PATH):
            return self._app(environ, _with_headers(start_response, self._headers))
        return self._app(environ, start_response)


def _accepting(key: str) -> bytes:
    """Return the response that accepts a handshake with this key."""
    # The protocol's own use of SHA-1.
    digest = hashlib.sha1((key + KEY_SUFFIX).encode(), usedforsecurity=False).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


def _is_handshake(environ: WSGIEnvironment) -> bool:
    has_key = len(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")) == KEY_LENGTH
    is_known = environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
    return environ.get("REQUEST_METHOD") == "GET" and has_key and is_known


def _with_headers(start_response: StartResponse, extra: Mapping[str, str]) -> StartResponse:
    # Engine.IO answers without passing through Flask, which adds the security headers elsewhere.
    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        given = {name.lower() for name, _ in headers}
        missing = [(name, value) for name, value in extra.items() if name.lower() not in given]
        return start_response(status, headers + missing, *more)

    return start


def _kept(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Return what of the handshake is kept as long as the page is open: not the server's objects."""
    dropped = ("wsgi.", "gunicorn.", "eventlet.")
    kept = {name: value for name, value in environ.items() if not name.startswith(dropped)}
    return kept | {"wsgi.url_scheme": environ["wsgi.url_scheme"]}


def _until(now: float, pages: deque[tuple[float, PageSocket]]) -> Iterable[PageSocket]:
    while pages and pages[0][0] <= now:
        yield pages.popleft()[1]
