"""One connection to the Pusher channel, from opening to its end, over pysher.

A `pysher.Pusher` that reconnects by itself loses its signature, retries without a pause or turns deaf.
So each one serves a single connection here, and its end is always an exception with a reason.
"""

import contextlib
import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

import msgspec
import pysher
import websocket

from aircall import metrics
from aircall.errors import AircallError, MalformedResponseError
from aircall.models import CallEvent, parse_event

# Characters. Pusher's own servers relay a hundredth of this.
LONGEST_DATA = 1_000_000


@dataclass(frozen=True, kw_only=True)
class LinkTimings:
    """Times of a connection, in seconds.

    Raises ValueError if `ping_interval` does not exceed `pong_timeout`.
    """

    # For each of TCP, TLS and the WebSocket handshake.
    connect_timeout: float = 10.0
    # From the start to the confirmed subscription, including the signature.
    subscribe_timeout: float = 20.0
    # WebSocket pings: a dead link is noticed within the interval and twice the timeout.
    ping_interval: float = 10.0
    pong_timeout: float = 5.0
    # Pusher pings find a server that is mute above a working link, and prove that we are not idle.
    pusher_ping_interval: float = 25.0
    # After the loss of a stable link; otherwise `retry_min`, doubled each time, up to `retry_max`.
    first_retry: float = 0.4
    retry_min: float = 1.0
    retry_max: float = 30.0
    # How long a link has to last to count as stable.
    stable_after: float = 30.0
    # While there is no login to subscribe with.
    no_login_retry: float = 30.0

    def __post_init__(self) -> None:
        if self.ping_interval <= self.pong_timeout:
            raise ValueError("ping_interval has to be longer than pong_timeout")


@dataclass(frozen=True, kw_only=True)
class PusherSettings(LinkTimings):
    """Address of a Pusher server, and the timings of the connection.

    Without a `host` it is Pusher's own server of the `cluster`; without a `port`, the default of the scheme.
    """

    key: str
    cluster: str
    host: str | None = None
    port: int | None = None
    is_secure: bool = True
    # An HTTP proxy; may contain a password.
    proxy_url: str | None = field(default=None, repr=False)
    # Calls in the event queue.
    queue_limit: int = 1000


def decoded(data: object) -> object:
    """Decode an event's data, which most servers send as JSON text. Raises MalformedResponseError."""
    if not isinstance(data, str):
        return data
    if len(data) > LONGEST_DATA:
        raise MalformedResponseError("The data is too long.")
    try:
        return msgspec.json.decode(data.removeprefix("\ufeff"))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MalformedResponseError("The data is not JSON.") from error


def fields(data: object) -> Mapping[str, object]:
    """Return the members of an event's data; none if it is not an object."""
    try:
        value = decoded(data)
    except MalformedResponseError:
        return {}
    return value if isinstance(value, Mapping) else {}


CHANNEL = "private-aircall"
# Error codes that end a connection (Pusher protocol); others are only reported.
CLOSING_CODES = range(4000, 4300)

log = logging.getLogger(__name__)
# websocket-client logs what the server sent; what matters is logged here.
logging.getLogger("websocket").setLevel(logging.CRITICAL)


class ConnectionEndedError(Exception):
    """The connection has ended, or was never made. The text is the reason, without foreign or secret text."""


class PusherConnection:
    """One connection that subscribes once. `open` or `watch` raises whatever ends it.

    `authorize(socket_id, channel)` returns `key:signature`. `on_subscribed`, and after it `on_call` for each
    changed call, must return at once. All three run in pysher's thread.
    """

    def __init__(
        self,
        settings: PusherSettings,
        *,
        authorize: Callable[[str, str], str],
        on_subscribed: Callable[[], None],
        on_call: Callable[[CallEvent], None],
    ) -> None:
        self._settings = settings
        self._authorize = authorize
        self._on_subscribed = on_subscribed
        self._on_call = on_call
        self._error: Exception | None = None
        self._subscribed = Event()
        self._activity = Event()
        self._ended = Event()
        self._pusher = self._make_pusher()

    def open(self) -> None:
        """Connect, and return when subscribed. Raises ConnectionEndedError, or authorize's AircallError."""
        # pysher offers no other limit for connecting. Nothing else uses websocket-client.
        websocket.setdefaulttimeout(self._settings.connect_timeout)
        try:
            self._pusher.connect()
        except RuntimeError as error:
            raise ConnectionEndedError("no thread to connect in") from error
        if not self._subscribed.wait(self._settings.subscribe_timeout):
            self._end(ConnectionEndedError("no subscription in time"))
        if self._error is not None:
            raise self._error

    def watch(self) -> NoReturn:
        """Stay until the connection ends. Raises ConnectionEndedError."""
        while not self._ended.wait(self._settings.pusher_ping_interval):
            self._activity.clear()
            self._pusher.connection.send_event("pusher:ping", {})
            if not self._activity.wait(self._settings.pong_timeout):
                self._end(ConnectionEndedError("the server fell silent"))
        raise self._error or ConnectionEndedError("ended")

    def close(self) -> None:
        """End the connection and all callbacks. Does not wait for pysher's thread."""
        self._end(ConnectionEndedError("closed"))
        app = self._pusher.connection.socket
        if app is not None:
            _shut_down(app.sock)

    def _make_pusher(self) -> Any:
        settings = self._settings
        pusher = pysher.Pusher(
            settings.key,
            cluster=settings.cluster,
            secure=settings.is_secure,
            custom_host=settings.host or "",
            port=settings.port,
            # Below this level it logs payloads and signatures.
            log_level=logging.WARNING,
        )
        connection = pusher.connection
        # Switches off that pysher reconnects.
        connection.disconnect_called = True
        connection.socket_kwargs.update(
            ping_interval=settings.ping_interval,
            ping_timeout=settings.pong_timeout,
            **_proxy_options(settings.proxy_url),
        )
        # pysher's own handlers fail on objects, on null codes and in their own thread.
        connection.event_callbacks["pusher:connection_established"] = [(self._on_established, (), {})]
        connection.event_callbacks["pusher:error"] = [(self._on_pusher_error, (), {})]
        connection.bind("pusher:pong", self._on_pong)
        connection.event_handler = self._on_channel_event
        # pysher does not tell why a connection ended.
        connection._on_error = self._on_error
        return pusher

    def _on_established(self, data: object) -> None:
        if self._ended.is_set():
            self.close()
            return
        socket_id = fields(data).get("socket_id")
        if not isinstance(socket_id, str):
            self._end(ConnectionEndedError("the server gave no socket_id"))
            return
        try:
            signature = self._authorize(socket_id, CHANNEL)
        except AircallError as error:
            self._end(error)
            return
        except Exception as error:
            # A storage error, perhaps. pysher would log it with its text, and `open` would wait in vain.
            self._end(ConnectionEndedError(f"not authorized ({type(error).__name__})"))
            return
        if not self._ended.is_set():
            self._pusher.subscribe(CHANNEL, auth=signature)

    def _on_pusher_error(self, data: object) -> None:
        code = fields(data).get("code")
        if code in CLOSING_CODES:
            self._end(ConnectionEndedError(f"the server reported error {code}"))
        elif not self._subscribed.is_set():
            self._end(ConnectionEndedError("the server reported an error"))
        else:
            log.warning("The server reported an error that ends nothing")

    def _on_pong(self, _data: object) -> None:
        self._activity.set()

    def _on_channel_event(self, event: object, data: object, channel: object) -> None:
        self._activity.set()
        if channel not in self._pusher.channels:
            metrics.EVENTS_IN.labels("foreign").inc()
            log.warning("Dropped an event of another channel")
        elif event == "pusher_internal:subscription_succeeded":
            self._on_succeeded()
        elif event == "pusher:subscription_error":
            self._end(ConnectionEndedError("the server refused the subscription"))
        elif event == "update-call":
            self._on_update(data)
        else:
            metrics.EVENTS_IN.labels("foreign").inc()
            log.warning("Dropped an event of an unknown kind")

    def _on_succeeded(self) -> None:
        if not self._subscribed.is_set():
            self._on_subscribed()
            self._subscribed.set()

    def _on_update(self, data: object) -> None:
        try:
            call = parse_event(decoded(data))
        except MalformedResponseError as error:
            metrics.EVENTS_IN.labels("malformed").inc()
            log.warning("Dropped an event: %s", error)
            return
        if self._subscribed.is_set() and not self._ended.is_set():
            self._on_call(call)

    def _on_error(self, app: Any, error: Exception) -> None:
        """Handle an error of pysher: the end of the link, or a frame that it could not read."""
        if not isinstance(error, websocket.WebSocketException | OSError):
            log.warning("Dropped a frame: %s", type(error).__name__)
            return
        if app.sock is not None:
            # A socket that the other side closed first would be left to the garbage collector.
            app.sock.shutdown()
        cause = getattr(error, "status_code", None) or type(error).__name__
        self._end(ConnectionEndedError(f"the connection failed ({cause})"))

    def _end(self, error: Exception) -> None:
        """Keep the first error, and wake every waiter."""
        self._error = self._error or error
        self._ended.set()
        self._subscribed.set()
        self._activity.set()


def _proxy_options(proxy_url: str | None) -> dict[str, object]:
    """Return websocket-client's options for this proxy, or for none, whatever the environment says."""
    if proxy_url is None:
        # Its only way not to use the environment's: a proxy, and no host that it is for.
        return {"proxy_type": "http", "http_proxy_host": "none", "http_no_proxy": ["*"]}
    parts = urlsplit(proxy_url)
    return {
        "proxy_type": "http",
        "http_proxy_host": parts.hostname,
        "http_proxy_port": parts.port or 80,
        "http_proxy_auth": (unquote(parts.username or ""), unquote(parts.password or "")),
        # An empty list would mean the environment's.
        "http_no_proxy": ["none.invalid"],
    }


def _shut_down(web_socket: websocket.WebSocket | None) -> None:
    """Wake the thread that reads, even in the middle of the handshake, where `abort` would do nothing."""
    tcp_socket = web_socket and web_socket.sock
    if tcp_socket:
        with contextlib.suppress(OSError):
            tcp_socket.shutdown(socket.SHUT_RDWR)
