"""Connections whose timeout bounds all that is done on them. Knows sockets, TLS and urllib3; no HTTP.

An ordinary socket timeout bounds each read alone, so a peer that sends one byte a second holds its reader
for ever, in the headers as in the body. Here a timeout is a budget for all that follows, until it is set
again. urllib3 sets it to connect (TLS included), to send, and to read the whole answer. TLS runs over the
same socket, so that a dripped TLS record is bounded too, under gevent as well. The one thing not bounded is
the name's resolution, which is the system's (`timeout` in resolv.conf).
"""

import socket
import ssl
from time import monotonic
from typing import Any

import certifi
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util.ssltransport import SSLTransport

from aircall.errors import UnreachableError

CONNECT_SECONDS = 3.0
# Node closes a connection that was idle for five seconds. A request that meets that close on the wire has an
# unknown fate, so a connection that was idle for almost as long is not used again.
IDLE_SECONDS = 4.0
FOREVER = float("inf")


class BudgetSocket(socket.socket):
    """A socket whose timeout bounds all that is done with it until the timeout is set again."""

    _ends = FOREVER

    def settimeout(self, value: float | None, /) -> None:
        """Allow `value` seconds from now on for everything together; None for no limit."""
        super().settimeout(value)
        self._ends = FOREVER if value is None else monotonic() + value

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        """Receive within what is left of the budget. Raises TimeoutError."""
        self._allow_what_is_left()
        return super().recv(*args, **kwargs)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Receive within what is left of the budget. Raises TimeoutError."""
        self._allow_what_is_left()
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Send within what is left of the budget. Raises TimeoutError."""
        self._allow_what_is_left()
        super().sendall(*args, **kwargs)

    def _allow_what_is_left(self) -> None:
        left = self._ends - monotonic()
        if left <= 0:
            raise TimeoutError("The time for this exchange is over.")
        super().settimeout(None if left == FOREVER else left)


class _Connection(HTTPConnection):
    """A connection over a budget socket. Whatever fails before it stands is an UnreachableError."""

    _used_at = 0.0

    def connect(self) -> None:
        try:
            super().connect()
        except (HTTPError, OSError, UnicodeError) as error:
            raise UnreachableError(f"No connection to the API: {type(error).__name__}.") from error

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._used_at = monotonic()
        super().request(*args, **kwargs)

    @property
    def is_connected(self) -> bool:
        return monotonic() - self._used_at < IDLE_SECONDS and super().is_connected

    def _new_conn(self) -> socket.socket:
        return dial(self.host, self.port, self.timeout or CONNECT_SECONDS)


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class PlainPool(HTTPConnectionPool):
    """A pool of bounded connections to one `http` origin."""

    ConnectionCls = _Connection


class TlsPool(HTTPSConnectionPool):
    """A pool of bounded connections to one `https` origin, with certificate and host name verified."""

    ConnectionCls = _TlsConnection

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, ssl_context=_tls_context(), **kwargs)


class _TlsContext(ssl.SSLContext):
    """Runs TLS over the given socket, where the standard context would replace the socket."""

    def wrap_socket(  # type: ignore[override]  # urllib3 passes no others
        self, sock: socket.socket, *, server_hostname: str | None = None
    ) -> SSLTransport:
        return SSLTransport(sock, self, server_hostname)


def _tls_context() -> ssl.SSLContext:
    context = _TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    # The system's authorities let a company add its own; certifi's are there where the system has none.
    context.load_default_certs()
    context.load_verify_locations(certifi.where())
    return context


def dial(host: str | None, port: int, seconds: float) -> BudgetSocket:
    """Connect to the first of the host's addresses that answers; a dead one leaves time for the next.

    No host is this machine. What is left of `seconds` is the budget of the socket. Raises OSError.
    """
    ends = monotonic() + seconds
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure = OSError("The host has no address.")
    for tried, (family, _, _, _, address) in enumerate(addresses):
        try:
            sock = _connected(family, address, _until(ends) / (len(addresses) - tried))
        except OSError as error:
            failure = error
        else:
            sock.settimeout(_until(ends))
            return sock
    raise failure


def _connected(family: int, address: Any, seconds: float) -> BudgetSocket:
    sock = BudgetSocket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(seconds)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _until(ends: float) -> float:
    # To a socket, zero would not mean "no time" but "do not wait".
    return max(ends - monotonic(), 0.001)
