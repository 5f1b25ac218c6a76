"""gunicorn's gevent worker, for requests of anybody, and a server that loses no connection at its end.

It accepts the connections in the backlog before it ends. Otherwise the kernel resets them and sent forms are
lost: docs/decisions/0005-connections-at-shutdown.md. A form that does not arrive, and an answer that is not
taken, end by themselves (bodies.py), and many requests at once leave room for others (turns.py):
docs/decisions/0048-strangers-cost-nothing.md.
"""

import errno
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from gevent.server import StreamServer
from gunicorn import util  # type: ignore[import-untyped]  # it publishes no types
from gunicorn.workers.ggevent import GeventWorker  # type: ignore[import-untyped]  # it publishes no types

from aircall.server.answers import headers_of, whole_answer
from aircall.server.bodies import Bodies
from aircall.server.turns import Turns

# Seconds in which a client takes a part of an answer: a page, or so many rows of a file.
SEND_TIMEOUT = 30.0
# Paths of what costs less than waiting for a turn.
CHEAP = ("/healthz", "/readyz", "/static/dist/", "/socket.io/")


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn publishes no types
    """gunicorn's gevent worker with a DrainingServer, and with limits for slow clients.

    Its own answers have our headers, and quote nothing.
    """

    # Set by gunicorn.conf.py, before the process begins.
    is_https = False

    def init_process(self) -> None:
        """Begin to serve."""
        headers = headers_of(is_https=self.is_https)

        def write_error(client: Any, status: int, reason: str, _message: str) -> None:
            util.write_nonblock(client, whole_answer(status, reason, headers))

        util.write_error = write_error
        super().init_process()

    def run(self) -> None:
        """Serve until told to end. Called in the worker's process."""
        self._bodies, self._turns = Bodies(), Turns()
        super().run()

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Handle a request in its turn, as gunicorn's worker does."""
        self._bodies.limit(req)
        sock.settimeout(SEND_TIMEOUT)
        if not req.path.startswith(CHEAP):
            self._turns.wait()
        try:
            super().handle_request(listener_name, req, sock, addr)
        except TimeoutError as error:
            # gunicorn closes the connection, and says no more than where a client has gone.
            raise ConnectionResetError(errno.ECONNRESET, "The answer was not taken.") from error

    def server_class(self, listener: Any, *, spawn: Any, **_: Any) -> StreamServer:
        """Return the server for a listening socket, as gunicorn's worker does. TLS is left to a proxy."""
        # gunicorn calls `getsockname` for each connection, which fails once the listener is closed.
        address = ListenerAddress(listener.getsockname())
        server = DrainingServer(listener, handle=partial(self.handle, address), spawn=spawn)
        server.longest_backlog = self.cfg.backlog
        if self.cfg.workers > 1:
            # Connections per wake-up, so that other workers get their share.
            server.max_accept = 1
        return server


@dataclass(frozen=True, slots=True)
class ListenerAddress:
    """Stands for a listening socket that may be closed by now."""

    address: Any

    def getsockname(self) -> Any:
        """Return the address."""
        return self.address


class DrainingServer(StreamServer):  # type: ignore[misc]  # gevent publishes no types
    """A server that handles every connection in the backlog before it closes."""

    # Connections. A bound, so that the end comes while new ones arrive.
    longest_backlog = 0

    def close(self) -> None:
        """Accept the connections in the backlog, then stop listening."""
        if not self.closed:
            self.stop_accepting()
            self._accept_backlog()
        super().close()

    def _accept_backlog(self) -> None:
        for _ in range(self.longest_backlog):
            # A connection that was reset meanwhile.
            with suppress(OSError):
                accepted = self.do_read()
                if accepted is None:
                    return
                self.do_handle(*accepted)
