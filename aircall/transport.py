"""One HTTP request, one whole answer, bounded in time and size. Knows requests; no endpoint, token or call.

What an exception says about the request:

- `UnreachableError`: no connection, no TLS, or a certificate that is not good. Nothing was sent.
- `NoAnswerError`: anything after that, so also a reset on a kept connection: the peer may have closed it
  before our bytes came or after it had executed them, and nothing on the wire tells the two apart.
- `MalformedAnswerError`: an answer that is too large or cannot be decompressed.

No cookies, no .netrc, no proxy variables and no redirects: what one person's answer sets, or the machine's
environment says, has no part in another's request.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Timeout
from urllib3.exceptions import DecodeError, HTTPError

from aircall.connections import CONNECT_SECONDS, BudgetSocket, PlainPool, TlsPool
from aircall.errors import AircallError, MalformedAnswerError, NoAnswerError

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
class Answer:
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

    def send(self, request: Request, seconds: float) -> Answer:
        """Send the request, once, and read the whole answer, all within `seconds`.

        Raises UnreachableError, NoAnswerError and MalformedAnswerError.
        """
        try:
            return self._exchange(request, seconds)
        except DecodeError:
            failure: AircallError = MalformedAnswerError("The answer cannot be decompressed.")
        except (HTTPError, OSError) as error:
            failure = NoAnswerError(f"No whole answer came: {type(error).__name__}.")
        # Without what it came from: that holds the whole request, the password included.
        raise failure

    def _exchange(self, request: Request, seconds: float) -> Answer:
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


def _read(response: requests.Response) -> Answer:
    try:
        # It reads and decompresses no further than asked, so a small body cannot unfold into a huge one.
        body = response.raw.read(BODY_LIMIT + 1, decode_content=True)
    finally:
        # A connection whose answer was read to the end is back in its pool by now; any other is closed here.
        response.close()
    if len(body) > BODY_LIMIT:
        raise MalformedAnswerError("The answer is too large.")
    if not body and _is_cut_short(response):
        raise NoAnswerError("The answer broke off in its headers.")
    return Answer(status=response.status_code, headers=response.headers, body=body)


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
