"""Live updates to browsers over Socket.IO.

A page connects with `auth: {position, call, rows}`: the stream position it was rendered at, the id of the
call that it shows, and if it shows a list, the `{language, zone}` of its rows; also `directory` and `claims`,
the revisions of the names and claims that it shows. Later it sends `view {id}` when it shows another call,
without an id for none. It receives:

- `update-call {call, position}`, `add-call {call, position}`, `remove-call {id, position}`: a change, and the
  position to resume from. Also `counts {inbox, archived, all, missed, voicemail}` of the unfiltered views
  and, for a list's page, `html`, the rendered row, `directory` and `claims`, the revisions of its names and
  claims, and `today`, how many calls of the inbox are of its day; each may be missing
- `caught-up {position}`: on connecting, after what was missed; `reload {position}`: too much was missed
- `link {state, since, reason, now, trouble}`: state of the link to the Pusher channel; `since` is when it was
  last live, `now` the server's time, and `trouble` `{kind, since}` of the API, or null
- `viewers {id, viewers}`: the usernames of all who view this call, the page's own user included
- `all-viewers {id: viewers, …}`: the same for all calls; on connecting, and when many change at once
- `team-change {topic, revision, numbers}`: names or claims were changed, of these number keys, or of any if
  it is null
- `signed-out {}`: the login has ended, and the socket with it
"""

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, cast
from wsgiref.types import WSGIEnvironment

from flask import Flask
from flask_socketio import SocketIO
from gevent import monkey

from aircall import metrics
from aircall.auth.logins import Logins
from aircall.calls.feed import BURST_LIMIT, ChangeFeed, FeedEntry
from aircall.concurrency import MessageBus, run_in_background
from aircall.errors import LoginEndedError
from aircall.models import instant_text, is_call_id
from aircall.server.engine import ENTRY_TIME, OWNER_KEY, SEND_TIMEOUT, Admit, install
from aircall.server.logs import packet_log
from aircall.server.rooms import RoomManager
from aircall.server.websocket import LARGEST_MESSAGE
from aircall.status import LinkStatus
from aircall.storage import STORAGE_ERRORS
from aircall.team.feed import TeamChange
from aircall.web.live.change_messages import EVENT_OF, ChangeMessages, RowRooms, facts, missed_of_team
from aircall.web.live.presence import ConnectionRegistry, PresenceService
from aircall.web.live.session_monitor import CHECK_INTERVAL, SessionMonitor
from aircall.web.security import is_own_origin
from aircall.web.session_store import StoreSessionInterface

log = logging.getLogger(__name__)

# The room of all signed-in pages, and that of those without a list.
ROOM, FACTS_ROOM = "signed-in", "facts"
# Message with the id of a login that has ended.
LOGIN_ENDED = "login-ended"


@dataclass(frozen=True, kw_only=True)
class SocketTimings:
    """Times of the sockets, in seconds.

    A page notices a dead link within `ping_interval` and `ping_timeout`, the server within one timeout more.
    """

    ping_interval: float = 4.0
    ping_timeout: float = 5.0
    send_timeout: float = SEND_TIMEOUT
    entry_time: float = ENTRY_TIME
    login_check: float = CHECK_INTERVAL


class SocketHub:
    """The sockets of this process."""

    def __init__(
        self,
        app: Flask,
        feed: ChangeFeed,
        logins: Logins,
        connections: ConnectionRegistry,
        presence: PresenceService,
        messages: ChangeMessages,
        bus: MessageBus,
        public_origin: str | None,
        timings: SocketTimings,
        most_of_login: int,
    ) -> None:
        self._app = app
        self._feed = feed
        self._logins = logins
        self._public_origin = public_origin
        self._link: LinkStatus | None = None
        self._connections = connections
        self._presence = presence
        self._messages = messages
        self._rooms = RowRooms()
        self._bus = bus
        self._monitor = SessionMonitor(logins, connections, self.close_login_sockets, timings.login_check)
        self._is_served = monkey.is_module_patched("socket")
        # Pages that have just joined their rooms, with what they said of themselves.
        self._newcomers: list[tuple[str, dict[str, Any]]] = []
        # Keeps the link's states in order.
        self._link_lock = threading.Lock()
        self.socketio = _socket_server(app, self._admit, timings, most_of_login, is_served=self._is_served)
        # Not through Flask-SocketIO, whose request context takes longer than what is done in it.
        self.socketio.server.on("connect", self._connect)
        self.socketio.server.on("disconnect", self._disconnect)
        self.socketio.server.on("view", self._view)

    @property
    def page_count(self) -> int:
        """Number of open pages of this process."""
        return len(self._connections)

    def start(self) -> None:
        """Start to watch over the logins of open pages, and to broadcast presence."""
        self._monitor.start()
        self._presence.start(self._broadcast)

    def stop(self) -> None:
        """Stop watching and broadcasting."""
        self._monitor.stop()
        self._presence.stop()

    def send_change(self, entry: FeedEntry) -> None:
        """Send a change to every page, and its row to those that may show it."""
        if not self._connections:
            return
        name, payload = EVENT_OF[entry.change.kind], self._messages.for_all(entry)
        metrics.EVENTS_OUT.labels(name).inc(len(self._connections))
        self.socketio.emit(name, payload, to=FACTS_ROOM)
        if rooms := self._rooms.rooms:
            people = self._messages.people_of(entry)
            for room in rooms:
                row = self._messages.for_lists(entry, people, room)
                self.socketio.emit(name, payload | row, to=room.name)

    def send_team_change(self, change: TeamChange) -> None:
        """Tell every page of changed names or claims."""
        if self._connections:
            self._broadcast("team-change", self._messages.of_team(change))

    def send_reload(self, position: str) -> None:
        """Make every page reload: a new epoch has begun."""
        self._broadcast("reload", {"position": position})

    def send_link(self, status: LinkStatus) -> None:
        """Send the state of the link to every page, and to those that connect later."""
        with self._link_lock:
            self._link = status
            self._broadcast("link", _link_message(status))

    def end_login(self, login_id: str) -> None:
        """Close every socket of a login that has ended, in every process."""
        self._bus.send(LOGIN_ENDED, login_id)

    def close_login_sockets(self, login_id: str) -> None:
        """Close the sockets of a login in this process, after telling them why."""
        for socket_id in self._connections.of_login(login_id):
            metrics.EVENTS_OUT.labels("signed-out").inc()
            self.socketio.emit("signed-out", {}, to=socket_id)
            connection = self.socketio.server.manager.eio_sid_from_sid(socket_id, "/")
            self.socketio.server.disconnect(socket_id, namespace="/")
            # That ends Socket.IO's part only.
            self.socketio.server.eio.disconnect(connection)

    def close_all(self) -> None:
        """Close every socket. Pages reconnect by themselves, to the server that is there then."""
        self.socketio.server.eio.disconnect()

    def _connect(self, socket_id: str, _environ: object = None, auth: object = None, *_more: object) -> bool:
        # A page may also send an event of this name, with anything for the request and once it is connected.
        if socket_id in self._connections:
            return False
        try:
            environ = self.socketio.server.get_environ(socket_id)
            return self._let_in(socket_id, environ, auth if isinstance(auth, dict) else {})
        except Exception as error:
            log.error("a page could not be served", extra={"error": type(error).__name__})
            return False

    def _admit(self, environ: WSGIEnvironment) -> str | HTTPStatus:
        """Return the id of the login that a handshake comes with, or why it is refused."""
        if not is_own_origin(environ.get("HTTP_ORIGIN"), environ.get("HTTP_HOST", ""), self._public_origin):
            return HTTPStatus.FORBIDDEN
        try:
            login_id = cast(StoreSessionInterface, self._app.session_interface).login_id(environ)
            return HTTPStatus.UNAUTHORIZED if login_id is None else self._logins.get(login_id).id
        except LoginEndedError:
            return HTTPStatus.UNAUTHORIZED
        except STORAGE_ERRORS:
            return HTTPStatus.SERVICE_UNAVAILABLE

    def _let_in(self, socket_id: str, environ: WSGIEnvironment, given: dict[str, Any]) -> bool:
        login_id = environ.get(OWNER_KEY) or self._admit(environ)
        # The login may have ended since the handshake.
        if isinstance(login_id, HTTPStatus) or not self._connections.add(socket_id, login_id):
            return False
        position = given.get("position")
        try:
            self._send_state(socket_id, position if isinstance(position, str) else None, given.get("rows"))
        except Exception:
            self._forget(socket_id)
            raise
        # After it has joined the rooms: what changes from now on is sent there.
        self._newcomers.append((socket_id, given))
        if not self._is_served:
            self._tell_newcomers()
        elif len(self._newcomers) == 1:
            run_in_background("missed-names", self._tell_newcomers)
        self._view(socket_id, {"id": given.get("call")})
        return True

    def _tell_newcomers(self) -> None:
        """Tell pages of names and claims that changed since they were rendered, by one reading for all."""
        newcomers, self._newcomers = self._newcomers, []
        current = self._messages.team_revisions()
        for socket_id, given in newcomers:
            for missed in missed_of_team(given, current):
                self._reply(socket_id, "team-change", missed)

    def _disconnect(self, socket_id: str, *_reason: object) -> None:
        # A page may also send an event of this name.
        if not self.socketio.server.manager.is_connected(socket_id, "/"):
            username = self._forget(socket_id)
            if username is not None:
                self._presence.view(socket_id, username, None)

    def _forget(self, socket_id: str) -> str | None:
        """Remove a page, and return its username; None if it is not registered."""
        self._rooms.leave(socket_id)
        return self._connections.remove(socket_id)

    def _send_state(self, socket_id: str, position: str | None, rows: object) -> None:
        """Let the page join its rooms, and send what it needs to follow what is sent there from now on."""
        with self._feed.paused(), self._link_lock, self._presence.paused() as viewers:
            self.socketio.server.enter_room(socket_id, ROOM)
            room = self._rooms.join(socket_id, rows)
            self.socketio.server.enter_room(socket_id, room.name if room else FACTS_ROOM)
            if self._link is not None:
                self._reply(socket_id, "link", _link_message(self._link))
            self._reply(socket_id, "all-viewers", viewers)
            self._catch_up(socket_id, position)

    def _catch_up(self, socket_id: str, position: str | None) -> None:
        """Send the changes after the position that the page was rendered at, or make it reload."""
        entries = self._feed.changes_after(position) if position else []
        if entries is None or len(entries) > BURST_LIMIT:
            self._reply(socket_id, "reload", {"position": self._feed.position})
            return
        for entry in entries:
            self._reply(socket_id, EVENT_OF[entry.change.kind], facts(entry))
        self._reply(socket_id, "caught-up", {"position": self._feed.position})

    def _view(self, socket_id: str, given: object = None, *_more: object) -> None:
        call_id = given.get("id") if isinstance(given, dict) else False
        username = self._connections.username(socket_id)
        if username is not None and (call_id is None or (isinstance(call_id, str) and is_call_id(call_id))):
            self._presence.view(socket_id, username, call_id)

    def _reply(self, socket_id: str, name: str, payload: object) -> None:
        """Send an event to the page that is connecting."""
        metrics.EVENTS_OUT.labels(name).inc()
        self.socketio.server.emit(name, payload, to=socket_id)

    def _broadcast(self, name: str, payload: object) -> None:
        metrics.EVENTS_OUT.labels(name).inc(len(self._connections))
        self.socketio.emit(name, payload, to=ROOM)


def _socket_server(
    app: Flask, admit: Admit, timings: SocketTimings, most_of_login: int, *, is_served: bool
) -> SocketIO:
    server = SocketIO(
        app,
        # Without loggers of ours, these two write past the settings.
        logger=packet_log("socketio"),
        engineio_logger=packet_log("engineio"),
        async_mode="gevent" if is_served else "threading",
        client_manager=RoomManager() if is_served else None,
        # One after the other, and never more in flight than there are pages.
        async_handlers=False,
        transports=["websocket"],
        manage_session=False,
        ping_interval=timings.ping_interval,
        ping_timeout=timings.ping_timeout,
        max_http_buffer_size=LARGEST_MESSAGE,
        http_compression=False,
        # No other origin may read anything. `admit` refuses those of handshakes.
        cors_allowed_origins=[],
    )
    if is_served:
        install(server.server, admit, most_of_login, timings.send_timeout, timings.entry_time)
    return server


def _link_message(status: LinkStatus) -> dict[str, Any]:
    trouble = status.trouble
    return {
        "state": status.state,
        "since": instant_text(status.since),
        "reason": status.reason,
        "now": instant_text(datetime.now(UTC)),
        "trouble": {"kind": trouble.kind, "since": instant_text(trouble.since)} if trouble else None,
    }
