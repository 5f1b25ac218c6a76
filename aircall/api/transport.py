"""Connections whose timeout bounds all that is done on them. Knows sockets, TLS and urllib3; no HTTP.

An ordinary socket timeout bounds each read alone, so a peer that sends one byte a second holds its reader
for ever, in the headers as in the body. Here a timeout is a budget for all that follows, until it is set
again. urllib3 sets it to connect (TLS included), to send, and to read the whole answer. TLS runs over the
same socket, so that a dripped TLS record is bounded too, under gevent as well. The one thing not bounded is
the name's resolution, which is the system's (`timeout` in resolv.conf).

One HTTP request, one whole answer, bounded in time and size. Knows requests; no endpoint, token or call.

What an exception says about the request:

- `UnreachableError`: no connection, no TLS, or a certificate that is not good. Nothing was sent.
- `NoResponseError`: anything after that, so also a reset on a kept connection: the peer may have closed it
  before our bytes came or after it had executed them, and nothing on the wire tells the two apart.
- `MalformedResponseError`: an answer that is too large or cannot be decompressed.

No cookies, no .netrc, no proxy variables and no redirects: what one person's answer sets, or the machine's
environment says, has no part in another's request.
"""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from typing import Any

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError
from urllib3.util.ssltransport import SSLTransport

from aircall.errors import AircallError, MalformedResponseError, NoResponseError, UnreachableError

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


USER_AGENT = "Callboard/0.1.0"
# Of the decompressed body; ten thousand calls are about four megabytes.
BODY_LIMIT = 8 * 1024 * 1024
# As http.client numbers it.
HTTP_1_1 = 11
FRAMING = {"content-length", "transfer-encoding", "connection"}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request:
    """What is sent. Never printed: headers and body carry tokens and passwords."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole answer. Header names are matched in any case; the body is decompressed."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class _BoundedAdapter(HTTPAdapter):
    """Keeps connections whose timeout bounds the whole exchange, and repeats nothing."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}


class Transport:
    """Keeps connections open and sends one request at a time over each, from any number of threads."""

    def __init__(self, *, pool_maxsize: int) -> None:
        if not issubclass(BudgetSocket, socket.socket):
            raise RuntimeError("gevent has to patch the sockets before this module is imported.")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _BoundedAdapter(pool_maxsize=pool_maxsize, max_retries=0))

    def send(self, request: Request, seconds: float) -> Response:
        """Send the request, once, and read the whole answer, all within `seconds`.

        Raises UnreachableError, NoResponseError and MalformedResponseError.
        """
        try:
            return self._exchange(request, seconds)
        except DecodeError:
            failure: AircallError = MalformedResponseError("The answer cannot be decompressed.")
        except (HTTPError, OSError) as error:
            failure = NoResponseError(f"No whole answer came: {type(error).__name__}.")
        # Without what it came from: that holds the whole request, the password included.
        raise failure

    def _exchange(self, request: Request, seconds: float) -> Response:
        # Of all kinds this one alone knows a total.
        timeout = Timeout(connect=min(CONNECT_SECONDS, seconds), total=seconds)
        response = self._session.request(
            request.method,
            request.url,
            data=request.body,
            headers=request.headers,
            allow_redirects=False,
            stream=True,
            timeout=timeout,  # type: ignore[arg-type]  # requests takes urllib3's own kind too, unannounced
        )
        return _read(response)

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()


def _read(response: requests.Response) -> Response:
    try:
        # It reads and decompresses no further than asked, so a small body cannot unfold into a huge one.
        body = response.raw.read(BODY_LIMIT + 1, decode_content=True)
    finally:
        # A connection whose answer was read to the end is back in its pool by now; any other is closed here.
        response.close()
    if len(body) > BODY_LIMIT:
        raise MalformedResponseError("The answer is too large.")
    if not body and _is_cut_short(response):
        raise NoResponseError("The answer broke off in its headers.")
    return Response(status=response.status_code, headers=response.headers, body=body)


def _is_cut_short(response: requests.Response) -> bool:
    """Whether an answer without a body may be one that broke off.

    http.client takes the connection's end for the headers' end. But in HTTP/1.1 an answer says how long it
    is, or that the connection's end is its own; and here an empty answer means that there is no such call.
    """
    is_bodiless = response.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    return (
        response.raw.version == HTTP_1_1
        and not is_bodiless
        and not FRAMING & {*map(str.lower, response.headers)}
    )
