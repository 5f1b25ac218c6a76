"""What pages are told, as JSON. Knows records, and nothing of the sockets.

The pages of this process that have a socket, each with its login. Knows nothing of what is told there.

The Socket.IO server with the settings that it needs here. Knows nothing of what is told by it.

Live updates to browsers over Socket.IO: facts are pushed, each page pulls its own HTML.

Knows sessions and the feed; knows nothing of the Pusher channel that the facts came from.

A page connects with `auth: {position, call}`: the position it was rendered at, and the id of the call that
it shows, if it shows one. Later it sends `view {id}` whenever that changes, without an id for none.
It is told:

- `update-call {call, position}`, `add-call {call, position}`, `remove-call {id, position}`: a change, and the
  position to go on from
- `caught-up {position}`: on connecting, after what was missed; `reload {position}`: that was too much to send
- `link {state, since, reason}`: how our own link to the API's events is; unless it is live, `since` is when
  it was live last
- `viewers {id, viewers}`: the usernames of all who look at this call now, the page's own user included
- `all-viewers {id: viewers, ...}`: the same for all calls, those left out having none; on connecting, and
  whenever many change at once
- `signed-out {}`: the login has ended, and the socket with it
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import flask_socketio
from flask import Flask, request, session
from flask_socketio import SocketIO, join_room
from gevent import monkey

from aircall import metrics
from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.calls.feed import BURST_LIMIT, ChangeFeed, ChangeKind, FeedEntry
from aircall.concurrency import MessageBus
from aircall.errors import LoginEndedError
from aircall.models import instant_text, is_call_id
from aircall.server.websocket import LARGEST_FRAME, bound_frames, packet_log
from aircall.status import LinkStatus
from aircall.web.live.presence import Viewers
from aircall.web.live.session_monitor import SessionMonitor
from aircall.web.security import is_own_origin
from aircall.web.session_store import SIGNED_IN_KEY

EVENTS = {ChangeKind.UPDATE: "update-call", ChangeKind.ADD: "add-call"}


def change_message(entry: FeedEntry) -> tuple[str, dict[str, Any]]:
    """The name and the payload of the event that tells of this change."""
    call = entry.change.call
    if call is None:
        return "remove-call", {"id": entry.change.call_id, "position": entry.position}
    return EVENTS[entry.change.kind], {"call": call.to_json(), "position": entry.position}


def link_message(status: LinkStatus) -> dict[str, str]:
    """How our own link to the API's events is."""
    return {"state": status.state, "since": instant_text(status.since), "reason": status.reason}


def emit(name: str, payload: object) -> None:
    """Tell this to the page that has just been heard from."""
    metrics.EVENTS_OUT.labels(name).inc()
    flask_socketio.emit(name, payload)


class ConnectionRegistry:
    """By the ids of their sockets."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins
        self._pages: dict[str, Login] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def __contains__(self, socket_id: object) -> bool:
        return socket_id in self._pages

    @property
    def login_ids(self) -> set[str]:
        """Whose they are."""
        return {login.id for login in list(self._pages.values())}

    def of_login(self, login_id: str) -> list[str]:
        """The sockets of this login."""
        return [socket_id for socket_id, login in list(self._pages.items()) if login.id == login_id]

    def username(self, socket_id: str) -> str | None:
        """Whose page this is; None where it is none of these."""
        login = self._pages.get(socket_id)
        return login.user.username if login else None

    def let_in(self, socket_id: str, login_id: str) -> bool:
        """Take a page up; False where its login has ended. Raises where logins cannot be read."""
        try:
            self._pages[socket_id] = self._logins.get(login_id)
            # Who logs out just now finds this socket to close, or is found here.
            self._logins.get(login_id)
        except Exception as error:
            self.forget(socket_id)
            if isinstance(error, LoginEndedError):
                return False
            raise
        metrics.SOCKETS.set(len(self._pages))
        return True

    def forget(self, socket_id: str) -> str | None:
        """Its socket has ended. Returns whose page it was, None where it was none of these."""
        login = self._pages.pop(socket_id, None)
        metrics.SOCKETS.set(len(self._pages))
        return login.user.username if login else None


log = logging.getLogger(__name__)

# The page notices silence within the sum of the two (seconds), the server within one timeout more.
PING_INTERVAL, PING_TIMEOUT = 4, 5


def socket_server(app: Flask, is_own: Callable[[str | None, dict[str, str]], bool]) -> SocketIO:
    """A server for pages whose origin and WSGI environment `is_own` accepts."""
    server = SocketIO(
        app,
        # Without loggers of ours, these two write past the settings.
        logger=packet_log("socketio"),
        engineio_logger=packet_log("engineio"),
        async_mode="gevent" if monkey.is_module_patched("socket") else "threading",
        # One after the other, and never more under way than there are pages.
        async_handlers=False,
        transports=["websocket"],
        manage_session=False,
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        max_http_buffer_size=LARGEST_FRAME,
        http_compression=False,
        cors_allowed_origins=is_own,
    )
    bound_frames(server.server.eio)
    server.on_error_default(_refuse)
    return server


def _refuse(error: Exception) -> bool:
    log.error("a page could not be served", extra={"error": type(error).__name__})
    return False


SIGNED_IN = "signed-in"
LOGIN_ENDED = "login-ended"


class SocketHub:
    """The sockets of this process. `on_look` is called whenever one of its pages shows another call."""

    def __init__(
        self,
        app: Flask,
        feed: ChangeFeed,
        logins: Logins,
        public_origin: str | None,
        bus: MessageBus,
        on_look: Callable[[], None],
    ) -> None:
        self._feed = feed
        self._public_origin = public_origin
        self._link: LinkStatus | None = None
        self._pages = ConnectionRegistry(logins)
        self._bus = bus
        bus.on(LOGIN_ENDED, self._close_here)
        self._watch = SessionMonitor(logins, lambda: self._pages.login_ids, self._close_here)
        self._viewers = Viewers(self._emit, lambda: len(self._pages), on_look)
        # What is told of the link goes out in the order in which it came true.
        self._telling_link = threading.Lock()
        self.socketio = socket_server(app, self._is_own)
        self.socketio.on_event("connect", self._connect)
        self.socketio.on_event("disconnect", self._disconnect)
        # Past Flask, which would load the session each time.
        self.socketio.server.on("view", self._view)
        feed.subscribe(
            lambda entry: self._emit(*change_message(entry)),
            lambda position: self._emit("reload", {"position": position}),
        )

    @property
    def page_count(self) -> int:
        """How many browsers' pages are connected, to this process."""
        return len(self._pages)

    @property
    def viewers_here(self) -> dict[str, list[str]]:
        """The usernames of those who look at a call in these pages, by call."""
        return self._viewers.here

    def set_remote(self, viewers: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Take note of who looks at calls in the pages of other processes, by process and call."""
        self._viewers.set_remote(viewers)

    def start(self) -> None:
        """Watch over the logins of the open pages, and tell who looks at what."""
        self._watch.start()
        self._viewers.start()

    def stop(self) -> None:
        """Stop watching."""
        self._watch.stop()
        self._viewers.stop()

    def send_link(self, status: LinkStatus) -> None:
        """Tell every page, also those that connect later, how our own link to the API's events is."""
        with self._telling_link:
            self._link = status
            self._emit("link", link_message(status))

    def close(self, login_id: str) -> None:
        """Close every socket of a login that has ended, on every process, each told why."""
        self._bus.send(LOGIN_ENDED, login_id)

    def _close_here(self, login_id: str) -> None:
        for socket_id in self._pages.of_login(login_id):
            metrics.EVENTS_OUT.labels("signed-out").inc()
            self.socketio.emit("signed-out", {}, to=socket_id)
            self.socketio.server.disconnect(socket_id, namespace="/")

    def close_all(self) -> None:
        """Hang up on every page; each comes back by itself, to the server that is there then."""
        self.socketio.server.eio.disconnect()

    def _connect(self, auth: object = None) -> bool:
        login_id, socket_id = session.get(SIGNED_IN_KEY), _socket_id()
        # The server lets a missing Origin pass. And a page that is in has nothing more to ask for.
        if login_id is None or "Origin" not in request.headers or socket_id in self._pages:
            return False
        if not self._pages.let_in(socket_id, login_id):
            return False
        given = auth if isinstance(auth, dict) else {}
        position = given.get("position")
        try:
            self._tell_state(position if isinstance(position, str) else None)
        except Exception:
            self._pages.forget(socket_id)
            raise
        self._view(socket_id, {"id": given.get("call")})
        return True

    def _disconnect(self, _reason: object = None) -> None:
        socket_id = _socket_id()
        # An event that a page sends may have this name, too.
        if not self.socketio.server.manager.is_connected(socket_id, "/"):
            username = self._pages.forget(socket_id)
            if username is not None:
                self._viewers.look(socket_id, username, None)

    def _tell_state(self, position: str | None) -> None:
        """Let the page into the room, and tell it what it needs to follow what is told there from now on."""
        with self._feed.paused(), self._telling_link, self._viewers.paused() as viewers:
            join_room(SIGNED_IN)
            if self._link is not None:
                emit("link", link_message(self._link))
            emit("all-viewers", viewers)
            self._catch_up(position)

    def _catch_up(self, position: str | None) -> None:
        """Send what came after the position the page was rendered at, or have the page read itself again."""
        entries = self._feed.changes_after(position) if position else []
        if entries is None or len(entries) > BURST_LIMIT:
            emit("reload", {"position": self._feed.position})
            return
        for entry in entries:
            emit(*change_message(entry))
        emit("caught-up", {"position": self._feed.position})

    def _is_own(self, origin: str | None, environ: dict[str, str]) -> bool:
        return is_own_origin(origin, environ.get("HTTP_HOST", ""), self._public_origin)

    def _emit(self, name: str, payload: object) -> None:
        metrics.EVENTS_OUT.labels(name).inc(len(self._pages))
        self.socketio.emit(name, payload, to=SIGNED_IN)

    def _view(self, socket_id: str, given: object = None, *_more: object) -> None:
        call_id = given.get("id") if isinstance(given, dict) else False
        username = self._pages.username(socket_id)
        if username is not None and (call_id is None or (isinstance(call_id, str) and is_call_id(call_id))):
            self._viewers.look(socket_id, username, call_id)


def _socket_id() -> str:
    return cast(str, request.sid)  # type: ignore[attr-defined]  # Flask-SocketIO puts it there
