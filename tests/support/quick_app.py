"""Serves the dashboard with short times, for tests that would wait for production's.

`python -m tests.support.quick_app`, with the settings of `python app.py`.
"""

if __name__ == "__main__":
    # Before all other imports, as in app.py: gunicorn's workers import the application.
    from aircall.web.startup import main

    main("tests.support.quick_app:serve()")

from flask import Flask

import app
from aircall.pusher.connection import LinkTimings
from aircall.web.live.hub import SocketTimings
from aircall.web.services import Timings

# A busy machine keeps a process waiting for a second: what would break a link is longer than that.
QUICK = Timings(
    api_deadline=3.0,
    breaker_pause=2.0,
    verify_timeout=2.0,
    sync_interval=3.0,
    sync_retry_interval=0.5,
    sockets=SocketTimings(
        ping_interval=1.0, ping_timeout=2.5, send_timeout=3.0, entry_time=1.5, login_check=1.0
    ),
    link=LinkTimings(
        ping_interval=3.0,
        pong_timeout=2.0,
        pusher_ping_interval=4.0,
        retry_min=0.3,
        retry_max=2.0,
        stable_after=5.0,
        no_login_retry=2.0,
    ),
)


def serve() -> Flask:
    """Return the application at work, with short times. gunicorn loads this."""
    return app.serve(QUICK)
