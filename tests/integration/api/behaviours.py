"""Ways to answer a request badly, and well, for `HostileServer`; and addresses where nobody answers."""

import gzip
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from tests.integration.api.hostile_http import LOOPBACK, Behaviour, Peer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PADDING = b" " * 100_000
# A gigabyte of zeros in a megabyte.
BOMB = gzip.compress(bytes(1_000_000)) * 1000
# What a peer may send for ever: what comes at once, and what comes byte by byte.
DRIPS = {
    "a status line": (b"", b"HTTP/1.1 200 " + PADDING),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 5000),
    "a header": (HEAD, b"X-Padding: " + PADDING),
    "a body": (HEAD + b"Content-Length: 100000\r\n\r\n", PADDING),
    "a body in chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 20_000),
    "a body until the end": (HEAD + b"Connection: close\r\n\r\n", PADDING),
}


def answer(body: bytes = b"{}", status: int = 200, *headers: str) -> Behaviour:
    """A whole answer; the connection stays open."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]
    return lambda peer: peer.send("\r\n".join(lines).encode("latin-1") + body)


def send_and_hang_up(data: bytes) -> Behaviour:
    """These bytes, whatever they mean, and then the end."""

    def behave(peer: Peer) -> None:
        peer.send(data)
        peer.hang_up()

    return behave


def drip(at_once: bytes, slowly: bytes, pause: float) -> Behaviour:
    """The first bytes at once, the others one by one, with so many seconds after each."""

    def behave(peer: Peer) -> None:
        peer.send(at_once)
        peer.drip(slowly, pause)

    return behave


def say_nothing(peer: Peer) -> None:
    """The request is taken, and nothing follows: neither an answer nor an end."""
    peer.wait()


def reset(peer: Peer) -> None:
    peer.reset()


def never_end(peer: Peer) -> None:
    """A body in chunks that comes as fast as it is read, without an end."""
    peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        peer.send(b"%x\r\n%s\r\n" % (len(PADDING), PADDING))


@contextmanager
def nobody_listens() -> Iterator[str]:
    """The URL of a port that refuses every connection."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        yield f"http://{LOOPBACK}:{taken.getsockname()[1]}"


@contextmanager
def nobody_accepts(scheme: str = "http") -> Iterator[str]:
    """The URL of a port where connections are made by the system, and looked after by nobody."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield f"{scheme}://{LOOPBACK}:{listener.getsockname()[1]}"


@contextmanager
def nobody_can_get_in() -> Iterator[str]:
    """The URL of a port whose queue is full, so that not even the system answers."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((LOOPBACK, 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            with suppress(BlockingIOError):
                filler.connect(listener.getsockname())
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
