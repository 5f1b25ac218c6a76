"""A server of which nothing matters but what reaches it: it answers, or dies in the middle."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from errno import EINPROGRESS
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server, socket
from threading import Thread
from typing import Any

from tests.support.ports import LOOPBACK


class Upstream(ThreadingHTTPServer):
    """Takes every request whole. Where it dies, it hangs up then, without a word."""

    def __init__(self, *, is_dying: bool = False) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.is_dying = is_dying
        self.requests: list[str] = []
        self.headers: list[Any] = []
        self.address = f"http://{LOOPBACK}:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Upstream
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the library's name
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(f"{self.command} {self.path}")
        self.server.headers.append(self.headers)
        self.close_connection |= self.server.is_dying
        if not self.server.is_dying:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

    do_POST = do_GET  # noqa: N815  # the library's name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def upstreams(count: int, *, is_dying: bool = False) -> Iterator[list[Upstream]]:
    """So many of them."""
    servers = [Upstream(is_dying=is_dying) for _ in range(count)]
    threads = [Thread(target=server.serve_forever, args=(0.05,), name="upstream") for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield servers
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


@contextmanager
def silent_upstream() -> Iterator[str]:
    """The address of one that takes no connection and refuses none, as of a machine that is gone."""
    with ExitStack() as stack:
        server = stack.enter_context(create_server((LOOPBACK, 0), backlog=0))
        # The queue of connections that are never accepted is full after one or two.
        for _ in range(4):
            waiting = stack.enter_context(socket())
            waiting.setblocking(False)
            assert waiting.connect_ex(server.getsockname()) in (0, EINPROGRESS)
        yield f"http://{LOOPBACK}:{server.getsockname()[1]}"
