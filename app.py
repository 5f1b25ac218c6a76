"""The application factory. `python app.py` serves the dashboard by the settings of its environment."""

if __name__ == "__main__":
    # Before all other imports: this process becomes gunicorn, whose workers import the application.
    from aircall.web.startup import main

    main()

import atexit
import hashlib
import logging
import pickle
import re
import time
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import flask.templating
import jinja2
from flask import Flask
from flask_compress import Compress
from flask_wtf import CSRFProtect
from jinja2.bccache import Bucket

from aircall.auth.login import LOGIN_LIFETIME
from aircall.storage import STORAGE_ERRORS
from aircall.web import (
    activity_words,
    assets,
    error_pages,
    formatting,
    fragments,
    i18n,
    insights,
    note_text,
    ops,
    page,
    preferences,
    request_log,
    security,
    sessions,
    settings,
)
from aircall.web.archive import views as archive
from aircall.web.callers import claims
from aircall.web.callers import views as callers
from aircall.web.calls import export
from aircall.web.calls import views as calls
from aircall.web.directory import files as directory_files
from aircall.web.directory import views as directory
from aircall.web.edge import Edge
from aircall.web.login import session
from aircall.web.login import views as login
from aircall.web.services import EXTENSION, Services, Timings, build_services, drain_on_sigterm, start, stop
from aircall.web.session_store import StoreSessionInterface
from aircall.web.urls import KeptUrls
from config import Config, environment

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent
# A session is of no use without its login.
SESSION_LIFETIME = timedelta(seconds=LOGIN_LIFETIME)
# Bytes. A note may have 50,000 characters; a browser encodes one as up to 12 bytes.
LARGEST_FORM = 640 * 1024
# Seconds between two attempts of a worker to open its storage.
STORAGE_RETRY_INTERVAL = 1.0
# Of a template's lines. A blank is left after a tag of Jinja's, as the line break after it is trimmed.
INDENTATION = re.compile(r"(?<=[%#]\}\n )[ \t]+|(?<![%#]\}\n)(?<=\n)[ \t]+")
PRODUCTION = Timings()


def create_app(config: Config | None = None, timings: Timings = PRODUCTION) -> Flask:
    """Return the application. Its background work begins with `aircall.web.services.start`.

    Raises ConfigError for an unusable setting, AssetsMissingError if the front end has not been built, and
    TranslationsMissingError if the translations have not been compiled.
    """
    config = config or Config.from_environment(environment(ROOT))
    # No static folder: only built files are served, by `assets.serve`.
    app = KeptUrls(__name__, static_folder=None)
    app.jinja_environment = Environment
    _configure(app, config)
    # Innermost, because requests for built files and sockets are not logged as pages.
    request_log.register(app)
    app.extensions[EXTENSION] = built = build_services(app, config, timings)
    app.session_interface = StoreSessionInterface(app, built.records)
    _register_pages(app, config)
    ops.register(app, built)
    _cache_templates(app, config.data_dir / "jinja")
    # The last one is the outermost: built files need no session, and Engine.IO must get the wrapped sockets.
    assets.serve(app)
    handshakes = security.WebSocketMiddleware(app.wsgi_app)
    app.wsgi_app = Edge(handshakes, config)  # type: ignore[method-assign]  # Flask's documented place
    return app


def _configure(app: Flask, config: Config) -> None:
    app.config.update(
        SECRET_KEY=config.secret_key,
        SECRET_KEY_FALLBACKS=list(config.secret_key_fallbacks),
        # Flask-WTF passes it on to itsdangerous, which checks with each key and signs with the last one.
        WTF_CSRF_SECRET_KEY=[*config.secret_key_fallbacks, config.secret_key],
        # The prefix binds the cookie to this host and requires HTTPS, which loopback does without.
        SESSION_COOKIE_NAME="__Host-callboard" if config.is_https else "callboard",
        SESSION_COOKIE_SECURE=config.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        # A form is valid as long as the session that it was made in.
        WTF_CSRF_TIME_LIMIT=None,
        TIMEZONE=config.timezone,
        TRUSTED_PROXIES=config.trusted_proxies,
        COMPRESS_ALGORITHM=["br", "gzip"],
        # A sixth smaller than with the default of 4, in little more time; level 7 takes four times that.
        COMPRESS_BR_LEVEL=6,
    )
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _register_pages(app: Flask, config: Config) -> None:
    of_calls = (calls, export, insights, archive)
    of_team = (callers, claims, directory, directory_files)
    for views in (login, sessions, settings, *of_calls, *of_team):
        app.register_blueprint(views.bp)
    # Before CSRFProtect: a request from another site is refused for its origin, with or without a token.
    security.register(app, public_origin=config.public_origin)
    CSRFProtect(app)
    Compress(app)
    error_pages.register(app)
    i18n.register(app)
    preferences.register(app)
    formatting.register(app)
    note_text.register(app)
    activity_words.register(app)
    fragments.register(app)
    assets.register(app)
    session.register(app)
    page.register(app)


class Environment(flask.templating.Environment):
    """Templates that share one dictionary of globals, and so import each other in 1 µs instead of 40.

    They are indented for those who write them; browsers get the lines alone.
    """

    def preprocess(self, source: str, name: str | None = None, filename: str | None = None) -> str:
        return super().preprocess(INDENTATION.sub("", source), name, filename)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


class TemplateCache(jinja2.FileSystemBytecodeCache):
    """Compiled templates on disk. A full, read-only or damaged disk costs compilation, never a page."""

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            super().load_bytecode(bucket)
        except (OSError, EOFError, pickle.UnpicklingError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


def _cache_templates(app: Flask, folder: Path) -> None:
    """Share compiled templates with other processes and later starts. Call this after all extensions."""
    env = app.jinja_env
    # Jinja checks the template's source and Python's version, but not what else shapes the bytecode.
    policies = {name: value for name, value in env.policies.items() if not callable(value)}
    shape = (INDENTATION.pattern, env.trim_blocks, env.lstrip_blocks)
    options = (jinja2.__version__, shape, sorted(env.extensions), policies)
    key = hashlib.sha256(repr(options).encode()).hexdigest()[:16]
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        env.bytecode_cache = TemplateCache(str(folder), f"{key}-%s.cache")


def serve(timings: Timings = PRODUCTION) -> Flask:
    """Return the application at work until this process ends. gunicorn loads this."""
    app = _create_when_storage_answers(timings)
    start(app)
    atexit.register(stop, app)
    drain_on_sigterm(cast(Services, app.extensions[EXTENSION]))
    return app


def _create_when_storage_answers(timings: Timings) -> Flask:
    # A worker that gives up makes gunicorn stop all others.
    while True:
        try:
            return create_app(timings=timings)
        except STORAGE_ERRORS as error:
            log.error("waiting for the storage: %s", type(error).__name__)
            time.sleep(STORAGE_RETRY_INTERVAL)
