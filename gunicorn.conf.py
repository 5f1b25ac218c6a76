"""How gunicorn serves the dashboard. `python app.py` becomes gunicorn with this file.

Must not import sockets or TLS: gevent patches them in the worker, before anything else may import them.
"""

import logging.config
import os
import shutil
from pathlib import Path
from typing import Any

from aircall import VERSION
from aircall.server.logs import log_settings
from config import Config, environment

_config = Config.from_environment(environment(Path(__file__).parent))
_metrics = _config.data_dir / "metrics" / str(os.getpid())
# prometheus_client reads this when it is imported: each process then counts in files of its own.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics)

from prometheus_client import multiprocess  # noqa: E402  # not before that is set

wsgi_app = "app:serve()"
bind = [f"[{_config.host}]:{_config.port}" if ":" in _config.host else f"{_config.host}:{_config.port}"]
# Many requests wait for the API at once; a thread for each would end at some hundreds.
worker_class = "aircall.server.worker.Worker"
workers = _config.workers
# Requests and idle connections; open pages are limited by aircall.server.engine.
worker_connections = 10_000
# Seconds for requests under way. Open pages are disconnected at once and do not use it.
graceful_timeout = 8
# Tokens and customers' numbers are stored: no other user of this machine may read them.
umask = 0o077
control_socket_disable = True
# No header of a client is believed, be it on this machine: PUBLIC_ORIGIN says what browsers see.
forwarded_allow_ips = ""
logconfig_dict = log_settings(_config.log_format, _config.log_level)
# gunicorn, which does the same after this, says its own version first.
logging.config.dictConfig(logconfig_dict)
logging.getLogger("aircall").info("Callboard %s", VERSION)


def on_starting(_server: Any) -> None:
    """Start all metrics at zero, and remove the files of servers that have ended."""
    for path in (_metrics, *_metrics.parent.glob("*")):
        if path == _metrics or not Path(f"/proc/{path.name}").exists():
            shutil.rmtree(path, ignore_errors=True)
    _metrics.mkdir(mode=0o700, parents=True)


def post_fork(_server: Any, worker: Any) -> None:
    """Tell the worker which headers its own answers have."""
    worker.is_https = _config.is_https


def child_exit(_server: Any, worker: Any) -> None:
    """Drop the gauges of a worker that has ended. Its counters stay."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # has no types
