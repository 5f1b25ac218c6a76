"""How gunicorn serves the dashboard. Read by gunicorn, which `python app.py` hands over to.

Imports neither sockets nor TLS: the worker's gevent has to replace them before anybody else has them.
"""

from pathlib import Path

from aircall.logs import log_settings
from config import Config, environment

_config = Config.from_environment(environment(Path(__file__).parent))

wsgi_app = "app:serve()"
bind = [f"[{_config.host}]:{_config.port}" if ":" in _config.host else f"{_config.host}:{_config.port}"]
# Every open page holds a socket; a thread for each would end at some hundreds.
worker_class = "gevent"
workers = _config.workers
# Open pages and requests together; gunicorn's default of 1,000 would stop the site at that many pages.
worker_connections = 10_000
# Pages are hung up on at once, so that what is left are requests under way.
graceful_timeout = 8
# What is kept holds tokens and customers' numbers.
umask = 0o077
control_socket_disable = True
logconfig_dict = log_settings(_config.log_format, _config.log_level)
