"""How gunicorn serves the dashboard. Read by gunicorn, which `python app.py` hands over to.

Imports neither sockets nor TLS: the worker's gevent has to replace them before anybody else has them.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from aircall.server.logs import log_settings
from config import Config, environment

_config = Config.from_environment(environment(Path(__file__).parent))
_metrics = _config.data_dir / "metrics" / str(os.getpid())
# By this prometheus_client decides, when it is imported, that each process counts in files of its own.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics)

from prometheus_client import multiprocess  # noqa: E402  # not before that is set

wsgi_app = "app:serve()"
bind = [f"[{_config.host}]:{_config.port}" if ":" in _config.host else f"{_config.host}:{_config.port}"]
# Every open page holds a socket; a thread for each would end at some hundreds.
worker_class = "aircall.server.worker.Worker"
workers = _config.workers
# Open pages and requests together; gunicorn's default of 1,000 would stop the site at that many pages.
worker_connections = 10_000
# Pages are hung up on at once, so that what is left are requests under way.
graceful_timeout = 8
# What is kept holds tokens and customers' numbers.
umask = 0o077
control_socket_disable = True
logconfig_dict = log_settings(_config.log_format, _config.log_level)


def on_starting(_server: Any) -> None:
    """Begin to count at zero, and clear away what servers that have ended have counted."""
    for path in (_metrics, *_metrics.parent.glob("*")):
        if path == _metrics or not Path(f"/proc/{path.name}").exists():
            shutil.rmtree(path, ignore_errors=True)
    _metrics.mkdir(mode=0o700, parents=True)


def child_exit(_server: Any, worker: Any) -> None:
    """Whatever a process was that has ended, it is not any more. What it has counted stays."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # has no types
