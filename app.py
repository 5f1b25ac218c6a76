"""Wires the rooms together. `python app.py` serves the dashboard by the settings of its environment."""

import atexit
import logging
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import cast

from flask import Flask
from flask_compress import Compress
from flask_wtf import CSRFProtect
from jinja2 import StrictUndefined

from aircall.auth.login import LOGIN_LIFETIME
from aircall.server.websocket import WholeFrames
from aircall.storage import STORAGE_ERRORS
from aircall.storage.database import DatabaseError
from aircall.storage.redis import RedisUnusableError
from aircall.web import (
    assets,
    error_pages,
    formatting,
    i18n,
    insights,
    ops,
    page,
    preferences,
    request_log,
    security,
)
from aircall.web.archive import views as archive
from aircall.web.calls import export
from aircall.web.calls import views as calls
from aircall.web.login import session
from aircall.web.login import views as login
from aircall.web.services import (
    EXTENSION,
    Services,
    build_services,
    check_storage,
    drain_on_sigterm,
    start,
    stop,
)
from aircall.web.session_store import StoreSessionInterface
from config import Config, ConfigError, environment

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent
STATIC = ROOT / "static"
# A session is of no use without its login, which ends no later than this.
SESSION_LIFETIME = timedelta(seconds=LOGIN_LIFETIME)
# A note of 50,000 characters, each of which a browser may write in twelve.
LARGEST_FORM = 640 * 1024
# How often a worker tries again whether its storage is there (seconds).
STORAGE_PAUSE = 1.0
# What keeps the dashboard from starting, said in one line.
STOPS = (
    ConfigError,
    DatabaseError,
    RedisUnusableError,
    assets.AssetsMissingError,
    i18n.TranslationsMissingError,
)


def create_app(config: Config | None = None) -> Flask:
    """The dashboard, its background work not started yet (see `start`).

    Raises ConfigError for an unusable setting, AssetsMissingError where the front end has not been built,
    TranslationsMissingError where the translations have not been compiled.
    """
    config = config or Config.from_environment(environment(ROOT))
    # Sources are no business of browsers: the built files have a server of their own.
    app = Flask(__name__, static_folder=None)
    _configure(app, config)
    # Innermost: built files and sockets are no requests of pages.
    request_log.register(app)
    app.extensions[EXTENSION] = built = build_services(app, config)
    app.session_interface = StoreSessionInterface(app, built.records)
    _register_pages(app, config)
    ops.register(app, built)
    # Outermost last: built files need no session, and sockets are corrected before anybody uses them.
    assets.serve(app, STATIC)
    app.wsgi_app = WholeFrames(app.wsgi_app, security.HEADERS)  # type: ignore[method-assign]  # as documented
    return app


def _configure(app: Flask, config: Config) -> None:
    is_https = (config.public_origin or "").startswith("https://")
    app.config.update(
        SECRET_KEY=config.secret_key,
        # The prefix binds the cookie to this host and to HTTPS, which loopback does without.
        SESSION_COOKIE_NAME="__Host-callboard" if is_https else "callboard",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        # A form is good for as long as the session it was made in.
        WTF_CSRF_TIME_LIMIT=None,
        TIMEZONE=config.timezone,
        COMPRESS_ALGORITHM=["br", "gzip"],
        # A seventh smaller than the default 4, in the same time.
        COMPRESS_BR_LEVEL=5,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _register_pages(app: Flask, config: Config) -> None:
    for blueprint in (login.bp, calls.bp, export.bp, insights.bp, archive.bp):
        app.register_blueprint(blueprint)
    # Before CSRFProtect: a request from another site is refused for its origin, with or without a token.
    security.register(
        app, public_origin=config.public_origin, is_https=bool(app.config["SESSION_COOKIE_SECURE"])
    )
    CSRFProtect(app)
    Compress(app)
    error_pages.register(app)
    i18n.register(app)
    preferences.register(app)
    formatting.register(app)
    assets.register(app, STATIC)
    session.register(app)
    page.register(app)


def serve() -> Flask:
    """The dashboard at work, until this process ends. This is what gunicorn loads."""
    app = _created_app()
    start(app)
    atexit.register(stop, app)
    drain_on_sigterm(cast(Services, app.extensions[EXTENSION]))
    return app


def _created_app() -> Flask:
    """The dashboard, once its storage can be used: a worker that gave up would take all others along."""
    while True:
        try:
            return create_app()
        except STORAGE_ERRORS as error:
            log.error("waiting for the storage: %s", type(error).__name__)
            time.sleep(STORAGE_PAUSE)


def main() -> None:
    """Check the settings, then become the server."""
    # What is kept holds tokens and customers' numbers: nobody else on this machine may read it.
    os.umask(0o077)
    try:
        config = Config.from_environment(environment(ROOT))
        check_storage(config)
        assets.read_manifest(STATIC)
        i18n.check_translations()
    except STOPS as error:
        sys.exit(f"Callboard cannot start: {error}")
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py")])  # noqa: S606  # no user input


if __name__ == "__main__":
    main()
