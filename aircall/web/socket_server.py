"""The Socket.IO server with the settings that it needs here. Knows nothing of what is told by it."""

import logging
from collections.abc import Callable

from flask import Flask
from flask_socketio import SocketIO
from gevent import monkey

from aircall.server.websocket import LARGEST_FRAME, bound_frames, packet_log

log = logging.getLogger(__name__)

# The page notices silence within the sum of the two (seconds), the server within one timeout more.
PING_INTERVAL, PING_TIMEOUT = 4, 5


def socket_server(app: Flask, is_own: Callable[[str | None, dict[str, str]], bool]) -> SocketIO:
    """A server for pages whose origin and WSGI environment `is_own` accepts."""
    server = SocketIO(
        app,
        # Without loggers of ours, these two write past the settings.
        logger=packet_log("socketio"),
        engineio_logger=packet_log("engineio"),
        async_mode="gevent" if monkey.is_module_patched("socket") else "threading",
        # One after the other, and never more under way than there are pages.
        async_handlers=False,
        transports=["websocket"],
        manage_session=False,
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        max_http_buffer_size=LARGEST_FRAME,
        http_compression=False,
        cors_allowed_origins=is_own,
    )
    bound_frames(server.server.eio)
    server.on_error_default(_refuse)
    return server


def _refuse(error: Exception) -> bool:
    log.error("a page could not be served", extra={"error": type(error).__name__})
    return False
