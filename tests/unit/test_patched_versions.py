"""Code that reaches into the internals of a package is checked against one version of it."""

from importlib.metadata import version

import pytest

PATCHED = [
    # aircall/server/worker.py: `GeventWorker.server_class`, called as a method; `handle`; `util.write_error`.
    ("gunicorn", "27.0.1", "aircall/server/worker.py", "tests/system/restart/test_last_connections.py"),
    # aircall/server/worker.py: `StreamServer.do_read`, `do_handle`, `stop_accepting`, `max_accept`.
    ("gevent", "26.9.0", "aircall/server/worker.py", "tests/system/restart/test_last_connections.py"),
    # `Server._handle_connect`, `_trigger_event`, `_unauthorized`, `_bad_request`; what it asks of a socket.
    ("python-engineio", "4.15.1", "aircall/server/engine.py", "tests/system/serving/test_rude_clients.py"),
    # `disconnect_called`, `socket_kwargs`, `event_callbacks`, `event_handler`, `_on_error`.
    ("pysher", "1.0.8", "aircall/pusher/connection.py", "tests/integration/pusher/test_listener_contract.py"),
    # `setdefaulttimeout`, `WebSocketApp.sock`, `WebSocket.sock`; a proxy with `http_no_proxy` of `*`.
    (
        "websocket-client",
        "1.9.2",
        "aircall/pusher/connection.py",
        "tests/integration/pusher/test_connection.py",
    ),
    # `HTTPConnection.is_connected`, `HTTPConnection.proxy`, `PoolManager.pool_classes_by_scheme`.
    ("urllib3", "2.8.0", "aircall/api/transport.py", "tests/integration/api/transport"),
    # `ServerSideSessionInterface`: its methods that begin with an underscore.
    ("Flask-Session", "0.8.0", "aircall/web/session_store.py", "tests/web/test_session.py"),
    # `Server.eio`, set anew; `Manager.is_connected`, `basic_disconnect`, `pending_connect`, `rooms`.
    ("python-socketio", "5.18.1", "aircall/server/rooms.py", "tests/system/serving/test_live.py"),
    # The names of its files: `gauge_livesum_<pid>.db`.
    ("prometheus_client", "0.26.0", "aircall/metrics.py", "tests/system/monitoring/test_metrics.py"),
]


@pytest.mark.parametrize(("package", "expected", "module", "tests"), PATCHED, ids=[row[0] for row in PATCHED])
def test_a_patched_package_has_the_version_that_the_patch_was_written_for(
    package: str, expected: str, module: str, tests: str
) -> None:
    assert version(package) == expected, (
        f"{module} uses internals of {package} {expected}. Read what changed until {version(package)}, "
        f"run {tests}, then change the version here."
    )
