"""Live updates to browsers over Socket.IO: facts are pushed, each page pulls its own HTML.

Knows sessions and the feed; knows nothing of the Pusher channel that the facts came from.
"""

import logging
import threading
from typing import Any, cast

from flask import Flask, request, session
from flask_socketio import SocketIO, emit, join_room
from gevent import monkey

from aircall.errors import LoginEndedError
from aircall.feed import ChangeKind, Entry, Feed
from aircall.listener import LinkStatus
from aircall.logins import Logins
from aircall.models import instant_text
from aircall.web.origin import is_own_origin
from aircall.web.session_store import SIGNED_IN_KEY

log = logging.getLogger(__name__)

SIGNED_IN = "signed-in"
# A browser that has gone silent is noticed, and dropped, within the sum of the two (seconds).
PING_INTERVAL, PING_TIMEOUT = 10, 5
LARGEST_FRAME = 10_000
# Open pages keep their login alive, and lose their socket this soon after it has ended (seconds).
LOGIN_CHECK_INTERVAL = 20.0
EVENTS = {ChangeKind.UPDATE: "update-call", ChangeKind.ADD: "add-call"}


class Live:
    """The sockets of this process."""

    def __init__(self, app: Flask, feed: Feed, logins: Logins, public_origin: str | None) -> None:
        self._feed = feed
        self._logins = logins
        self._public_origin = public_origin
        self._link: LinkStatus | None = None
        self._logins_by_socket: dict[str, str] = {}
        self._stopped = threading.Event()
        self.socketio = SocketIO(
            app,
            # Without loggers of ours, these two write past the settings.
            logger=logging.getLogger("socketio"),
            engineio_logger=logging.getLogger("engineio"),
            async_mode="gevent" if monkey.is_module_patched("socket") else "threading",
            transports=["websocket"],
            manage_session=False,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            max_http_buffer_size=LARGEST_FRAME,
            http_compression=False,
            cors_allowed_origins=self._is_own,
        )
        self.socketio.on_event("connect", self._connect)
        self.socketio.on_event("disconnect", self._disconnect)
        feed.subscribe(self._send, self._send_reload)

    @property
    def is_watched(self) -> bool:
        """Whether any browser is connected."""
        return bool(self._logins_by_socket)

    def start(self) -> None:
        """Watch over the logins of the open pages."""
        threading.Thread(target=self._check_logins, name="login-check", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def send_link(self, status: LinkStatus) -> None:
        """Tell every page, also those that connect later, how our own link to the API's events is."""
        self._link = status
        self.socketio.emit("link", _link(status), to=SIGNED_IN)

    def close(self, login_id: str) -> None:
        """Close every socket of a login that has ended, each told why."""
        for socket_id, owner in list(self._logins_by_socket.items()):
            if owner == login_id:
                self.socketio.emit("signed-out", {}, to=socket_id)
                self.socketio.server.disconnect(socket_id, namespace="/")

    def _connect(self, auth: object = None) -> bool:
        login_id = session.get(SIGNED_IN_KEY)
        # The server has looked at the Origin header already, but lets a missing one pass.
        if login_id is None or "Origin" not in request.headers or not self._is_alive(login_id):
            return False
        self._logins_by_socket[_socket_id()] = login_id
        join_room(SIGNED_IN)
        if self._link is not None:
            emit("link", _link(self._link))
        position = auth.get("position") if isinstance(auth, dict) else None
        self._catch_up(position if isinstance(position, str) else None)
        return True

    def _disconnect(self, _reason: object = None) -> None:
        self._logins_by_socket.pop(_socket_id(), None)

    def _catch_up(self, position: str | None) -> None:
        """Send what came after the position the page was rendered at, or have the page read itself again."""
        missed = self._feed.since(position) if position else []
        if missed is None:
            emit("reload", {"position": self._feed.position})
            return
        for entry in missed:
            emit(*_event(entry))
        emit("caught-up", {"position": missed[-1].position if missed else position or self._feed.position})

    def _is_own(self, origin: str | None, environ: dict[str, str]) -> bool:
        return is_own_origin(origin, environ.get("HTTP_HOST", ""), self._public_origin)

    def _is_alive(self, login_id: str) -> bool:
        try:
            self._logins.get(login_id)
        except LoginEndedError:
            return False
        return True

    def _send(self, entry: Entry) -> None:
        name, payload = _event(entry)
        self.socketio.emit(name, payload, to=SIGNED_IN)

    def _send_reload(self, position: str) -> None:
        self.socketio.emit("reload", {"position": position}, to=SIGNED_IN)

    def close_all(self) -> None:
        """Hang up on every page; each comes back by itself, to the server that is there then."""
        self.socketio.server.eio.disconnect()

    def _check_logins(self) -> None:
        while not self._stopped.wait(LOGIN_CHECK_INTERVAL):
            for login_id in set(self._logins_by_socket.values()):
                self._check_login(login_id)

    def _check_login(self, login_id: str) -> None:
        try:
            self._logins.fresh(login_id)
        except LoginEndedError:
            self.close(login_id)
        except Exception as error:
            # One login's trouble, be it the API's or the disk's, must not end the watch over all others.
            log.warning("a login could not be kept fresh: %s", type(error).__name__)


def _socket_id() -> str:
    return cast(str, request.sid)  # type: ignore[attr-defined]  # Flask-SocketIO puts it there


def _event(entry: Entry) -> tuple[str, dict[str, Any]]:
    call = entry.change.call
    if call is None:
        return "remove-call", {"id": entry.change.call_id, "position": entry.position}
    return EVENTS[entry.change.kind], {"call": call.to_json(), "position": entry.position}


def _link(status: LinkStatus) -> dict[str, str]:
    return {"state": status.state, "since": instant_text(status.since), "reason": status.reason}
