"""One HTTP exchange with the API: bounded in time and size, over pooled connections (requests).

A socket timeout bounds each read alone, so a peer that sends one byte a second could hold its reader for
ever. `gevent.Timeout` bounds the whole exchange: name resolution, connect, TLS, request and response. Outside
gevent only the socket timeouts hold.

The error tells whether the request may have been executed:

- UnreachableError: name resolution, connect, TLS handshake or certificate failed. Nothing was sent.
- NoResponseError: anything after that, a reset of a pooled connection included, since the peer may have
  closed it before or after it executed the request.
- MalformedResponseError: the body is too large or cannot be decompressed.

A proxy is used only if the settings name one. Cookies, redirects, .netrc and proxy variables are off: the
response to one user, or the environment of the machine, must not change the request of another.
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
from gevent import Timeout
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError

from aircall import VERSION
from aircall.errors import AircallError, MalformedResponseError, NoResponseError, UnreachableError

USER_AGENT = f"Callboard/{VERSION}"
HEADERS = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
# Seconds. For each address of the host, within the deadline of the exchange.
CONNECT_TIMEOUT = 3.0
# Seconds. Node closes a connection after five idle seconds, and a request that meets the close on the wire
# may or may not be executed. So a connection that was idle for almost as long is not used again.
IDLE_TIMEOUT = 4.0
# Bytes of the decompressed body. 10,000 calls take about four megabytes.
BODY_LIMIT = 8 * 1024 * 1024
# `version` of a response, as http.client numbers it.
HTTP_1_1 = 11
FRAMING_HEADERS = {"content-length", "transfer-encoding", "connection"}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request:
    """An HTTP request. Has no repr, because headers and body contain tokens and passwords."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete response. Header names are case-insensitive; the body is decompressed."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Transport:
    """A thread-safe connection pool that sends each request once."""

    def __init__(self, *, pool_maxsize: int, proxy_url: str | None = None) -> None:
        self._session = _Session()
        self._session.trust_env = False
        if proxy_url is not None:
            self._session.proxies = {"http": proxy_url, "https": proxy_url}
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(pool_maxsize=pool_maxsize, max_retries=0)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def send(self, request: Request, seconds: float) -> Response:
        """Send the request and return the response, all within `seconds`.

        Raises UnreachableError, NoResponseError and MalformedResponseError.
        """
        try:
            with Timeout(seconds, DeadlineExceeded):
                return self._exchange(request, seconds)
        except DecodeError:
            failure: AircallError = MalformedResponseError("The response cannot be decompressed.")
        except (HTTPError, OSError, DeadlineExceeded) as error:
            failure = NoResponseError(f"No whole response came: {type(error).__name__}.")
        # Raised here, without a cause: that one holds the request, and so a token or a password.
        raise failure

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def _exchange(self, request: Request, seconds: float) -> Response:
        # Not `session.request`, which merges empty settings of the session for as long as the rest takes.
        prepared = requests.Request(
            request.method, request.url, data=request.body, headers={**HEADERS, **request.headers}
        ).prepare()
        response = self._session.send(
            prepared,
            allow_redirects=False,
            stream=True,
            timeout=(min(CONNECT_TIMEOUT, seconds), seconds),
        )
        return _read(response)


class DeadlineExceeded(BaseException):
    """Raised by gevent inside an exchange. A library that suppresses OSError must not suppress this."""


class _Session(requests.Session):
    def get_redirect_target(self, _response: requests.Response) -> None:
        """Return None. Even with `allow_redirects=False` requests reads a redirect's body, of any size."""


class _Connection(HTTPConnection):
    """A connection that raises UnreachableError if it cannot be made, and expires after IDLE_TIMEOUT."""

    _used_at = 0.0

    def connect(self) -> None:
        try:
            super().connect()
        except (HTTPError, OSError, UnicodeError, DeadlineExceeded) as error:
            name = type(error).__name__
            wrong_because = name if _is_address_wrong(error, is_proxied=self.proxy is not None) else None
            failure = UnreachableError(f"No connection to the API: {name}.", wrong_because=wrong_because)
        else:
            return
        # Raised here, without a cause: that one holds the socket that was being connected.
        raise failure

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._used_at = monotonic()
        super().request(*args, **kwargs)

    @property
    def is_connected(self) -> bool:
        return monotonic() - self._used_at < IDLE_TIMEOUT and super().is_connected


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_tls_context(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=_tls_context(), **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager


def _is_address_wrong(error: BaseException, *, is_proxied: bool) -> bool:
    """Return whether this error of a connection shows that waiting will not help."""
    if isinstance(error, ssl.SSLError):
        # Hung up on: by a server that is being restarted, perhaps.
        return not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    # With a proxy the name is the proxy's. Other reasons, such as a name server that is away, pass.
    cause = error.__cause__
    return not is_proxied and isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME


def _tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The system's authorities let a company add its own; certifi's are for a system that has none.
    context.load_default_certs()
    context.load_verify_locations(certifi.where())
    return context


def _read(response: requests.Response) -> Response:
    try:
        # Decompresses no more than asked for, so a small body cannot expand into a huge one.
        body = response.raw.read(BODY_LIMIT + 1, decode_content=True)
    finally:
        # A connection that was read to the end is back in the pool by now; any other is closed here.
        response.close()
    if len(body) > BODY_LIMIT:
        raise MalformedResponseError("The response is too large.")
    if not body and _is_cut_short(response):
        raise NoResponseError("The response broke off in its headers.")
    return Response(status=response.status_code, headers=response.headers, body=body)


def _is_cut_short(response: requests.Response) -> bool:
    """Return whether a response without a body may have ended inside its headers.

    http.client takes the end of the connection for the end of the headers. But an HTTP/1.1 response declares
    its length or that the connection ends it, and an empty body would mean here that there is no such call.
    """
    is_bodiless = response.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    return (
        response.raw.version == HTTP_1_1
        and not is_bodiless
        and not FRAMING_HEADERS & {*map(str.lower, response.headers)}
    )
