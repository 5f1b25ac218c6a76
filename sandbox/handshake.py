"""How an HTTP request becomes a connection to the channel. Knows nothing of what is said on it."""

from http import HTTPStatus

from flask import Flask, Response, request
from simple_websocket import ConnectionError as HandshakeError
from simple_websocket import Server as WebSocket
from wsproto.utilities import RemoteProtocolError

from sandbox.answers import ApiError
from sandbox.counters import Counted
from sandbox.options import Options
from sandbox.sockets import Connection
from sandbox.upstream import Upstream
from sandbox.wire import Wire

# A message longer than this is none of the Pusher protocol, in bytes.
LONGEST_MESSAGE = 100 * 1024


class _NoAnswer(Response):
    """For a request whose connection became a WebSocket: there is nothing more to send on it."""

    def __call__(self, *_: object) -> list[bytes]:
        raise ConnectionAbortedError


class ChannelEndpoint:
    """`/app/<key>`, where Pusher clients connect."""

    def __init__(self, upstream: Upstream, options: Options) -> None:
        self._upstream = upstream
        self._options = options

    def register(self, app: Flask) -> None:
        """Give the app the route, which takes WebSocket requests only."""
        app.add_url_rule("/app/<app_key>", view_func=self.connect, websocket=True)

    def connect(self, app_key: str) -> Response:
        """Shake hands and talk until either side ends it."""
        if self._upstream.faults.are_sockets_refused:
            self._upstream.counters.count(Counted.CONNECTIONS_REFUSED)
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "Service Unavailable")
        wire = Wire(request.environ["werkzeug.socket"])
        try:
            websocket = WebSocket.accept(_plain(wire), max_message_size=LONGEST_MESSAGE)
        except (HandshakeError, RemoteProtocolError) as error:
            raise ApiError(HTTPStatus.BAD_REQUEST, "Not a WebSocket handshake") from error
        connection = Connection(websocket, wire, self._upstream.hub, self._options)
        connection.serve(app_key, request.args.get("protocol"))
        return _NoAnswer()


def _plain(wire: Wire) -> dict[str, object]:
    """The request with our wire for a socket and no compression, whose state two threads would share."""
    environ = {**request.environ, "werkzeug.socket": wire}
    environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
    return environ
