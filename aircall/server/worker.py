"""The process that serves: gunicorn's own for gevent, but for its end, when nobody who has connected is lost.

A connection that the kernel has taken and no worker yet is reset when the last of them stops listening, and a
form that was already sent on it is lost: a proxy must not send it again.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from gevent.server import StreamServer
from gunicorn.workers.ggevent import GeventWorker  # type: ignore[import-untyped]  # it publishes no types

# As many as may have connected and not been taken: gunicorn's `backlog`.
MOST_WAITING = 2048


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn publishes no types
    """gunicorn's worker with a server of ours."""

    def server_class(self, listener: Any, *, spawn: Any, **_: Any) -> StreamServer:
        """The server for a listening socket, as gunicorn's worker makes it. TLS is a proxy's."""
        # gunicorn asks the listener for its name with each connection, which fails once it is closed.
        name = ListenerName(listener.getsockname())
        server = LastingServer(listener, handle=partial(self.handle, name), spawn=spawn)
        if self.cfg.workers > 1:
            # What is not taken at once is left to another process.
            server.max_accept = 1
        return server


@dataclass(frozen=True, slots=True)
class ListenerName:
    """What there is to know of a listening socket, also when it is closed."""

    name: Any

    def getsockname(self) -> Any:
        """Its address."""
        return self.name


class LastingServer(StreamServer):  # type: ignore[misc]  # gevent publishes no types
    """Serves all who have connected before it ends."""

    def close(self) -> None:
        """Take whoever has connected by now, and listen no more."""
        if not self.closed:
            self.stop_accepting()
            self._take_all()
        super().close()

    def _take_all(self) -> None:
        for _ in range(MOST_WAITING):
            # One that cannot be taken keeps nobody else from it.
            with suppress(OSError):
                taken = self.do_read()
                if taken is None:
                    return
                self.do_handle(*taken)
