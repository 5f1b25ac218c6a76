"""Wires the rooms together. `python app.py` serves the dashboard by the settings of its environment."""

import atexit
import os
import signal
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import cast

import gevent
from flask import Flask
from flask_compress import Compress
from flask_wtf import CSRFProtect
from jinja2 import StrictUndefined

from aircall.account import Account
from aircall.archive_jobs import ArchiveJobs
from aircall.background import Background
from aircall.call_figures import CallFigures
from aircall.call_log import CallLog
from aircall.changes import Changes
from aircall.client import ApiClient
from aircall.database import DatabaseError, check_database, open_database
from aircall.feed import Feed
from aircall.link import Link
from aircall.listener import Listener
from aircall.login import LOGIN_LIFETIME
from aircall.logins import Logins
from aircall.mirror import Mirror
from aircall.noting import Noting
from aircall.pusher import PusherSettings
from aircall.settling import Settling
from aircall.store import EmbeddedStore, Store
from aircall.synchronisation import Synchronisation
from aircall.web import (
    archive,
    assets,
    auth,
    calls,
    errors,
    export,
    formatting,
    headers,
    insights,
    kept_forms,
    notes,
    notices,
    ops,
    origin,
    session,
)
from aircall.web.live import Live
from aircall.web.services import EXTENSION, Services
from aircall.web.session_store import StoreSessionInterface
from aircall.web.sockets import WholeFrames
from aircall.web.zone import viewer_zone
from config import Config, ConfigError, environment

ROOT = Path(__file__).parent
STATIC = ROOT / "static"
# A session is of no use without its login, which ends no later than this.
SESSION_LIFETIME = timedelta(seconds=LOGIN_LIFETIME)
LARGEST_FORM = 256 * 1024
# Under which the store keeps whose logins and calls these are, and for how long (a century, in seconds).
API_KEY = "api"
FOREVER = 100 * 366 * 24 * 3600.0


def create_app(config: Config | None = None) -> Flask:
    """The dashboard, its background work not started yet (see `start`).

    Raises ConfigError for an unusable setting, AssetsMissingError where the front end has not been built.
    """
    config = config or Config.from_environment(environment(ROOT))
    # Sources are no business of browsers: the built files have a server of their own.
    app = Flask(__name__, static_folder=None)
    _configure(app, config)
    app.extensions[EXTENSION] = built = build_services(app, config)
    app.session_interface = StoreSessionInterface(app, built.store)
    _register_pages(app, config)
    # Outermost last: built files need no session, and sockets are corrected before anybody uses them.
    assets.serve(app, STATIC)
    app.wsgi_app = WholeFrames(app.wsgi_app)  # type: ignore[method-assign]  # as documented
    return app


def build_services(app: Flask, config: Config) -> Services:
    """Every room below the pages, each given the ones that it works with."""
    api = ApiClient(config.api_url, auth_endpoint=config.pusher_auth_endpoint)
    store = EmbeddedStore(open_database(sessions_url(config)))
    logins = Logins(store, api)
    account = Account(logins, config.listener_username, config.listener_password)
    mirror = Mirror(CallLog(open_database(config.database_url)), Feed())
    forget_other_api(store, mirror.log, config.api_url)
    live = Live(app, mirror.feed, logins, config.public_origin)
    synchronisation = Synchronisation(
        mirror,
        lambda offset, limit: account.authorized(partial(api.get_calls, offset=offset, limit=limit)),
    )
    background = Background(synchronisation, lambda: live.is_watched, on_read=lambda: link.on_read())
    link = Link(background, live.send_link)
    listener = Listener(
        pusher_settings(config),
        authorize=lambda socket_id, channel: account.authorized(
            partial(api.authorize_channel, socket_id=socket_id, channel=channel)
        ),
        on_call=mirror.apply,
        on_gap=link.on_gap,
        on_status=link.on_status,
    )
    settling = Settling(
        mirror.feed,
        lambda call_id: mirror.read(
            call_id, lambda wanted: account.authorized(partial(api.get_call, call_id=wanted))
        ),
    )
    changes = Changes(api, logins, store, mirror, Noting(store))
    return Services(
        config=config,
        api=api,
        store=store,
        logins=logins,
        mirror=mirror,
        figures=CallFigures(mirror.log.engine),
        changes=changes,
        archive_jobs=ArchiveJobs(changes, store, errors.sentence_for),
        synchronisation=synchronisation,
        background=background,
        settling=settling,
        listener=listener,
        live=live,
    )


def sessions_url(config: Config) -> str:
    """The database of the sessions and logins."""
    return f"sqlite:///{config.data_dir / 'sessions.db'}"


def forget_other_api(store: Store, log: CallLog, api_url: str) -> None:
    """Begin afresh where what is kept belongs to another API: its tokens and calls are none of this one's."""
    kept = store.load(API_KEY)
    if kept is None or kept.value.decode() != api_url:
        store.clear()
        log.clear()
        store.put(API_KEY, api_url.encode(), FOREVER)


def start(app: Flask) -> None:
    """Start the background work of this app: what listens, reads the list and watches over open pages."""
    built = cast(Services, app.extensions[EXTENSION])
    built.live.start()
    built.background.start()
    built.settling.start()
    built.listener.start()


def stop(app: Flask) -> None:
    """End the background work and give back what it held."""
    built = cast(Services, app.extensions[EXTENSION])
    built.listener.stop()
    built.settling.stop()
    built.background.stop()
    built.live.stop()
    built.api.close()
    built.store.close()
    built.mirror.log.close()


def pusher_settings(config: Config) -> PusherSettings:
    """Where the events come from."""
    return PusherSettings(
        key=config.pusher_app_key,
        cluster=config.pusher_app_cluster,
        host=config.pusher_host,
        port=config.pusher_port,
        is_secure=config.pusher_scheme == "https",
    )


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
        # A form is good for as long as the session it was made in.
        WTF_CSRF_TIME_LIMIT=None,
        COMPRESS_ALGORITHM=["br", "gzip"],
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _register_pages(app: Flask, config: Config) -> None:
    for blueprint in (auth.bp, calls.bp, export.bp, insights.bp, archive.bp, notes.bp, ops.bp):
        app.register_blueprint(blueprint)
    origin.register(app, config.public_origin)
    CSRFProtect(app)
    Compress(app)
    errors.register(app)
    formatting.register(app)
    assets.register(app, STATIC)
    headers.register(app, is_https=bool(app.config["SESSION_COOKIE_SECURE"]))
    app.context_processor(_viewer)


def _viewer() -> dict[str, object]:
    login = session.current_login()
    user = login.user if login else None
    return {
        "current_user": user,
        "zone": viewer_zone().key,
        "author": kept_forms.author_field(user.username) if user else "",
        "notices": notices.notices,
    }


def serve() -> Flask:
    """The dashboard at work, until this process ends. This is what gunicorn loads."""
    app = create_app()
    start(app)
    atexit.register(stop, app)
    _let_go_on_sigterm(cast(Services, app.extensions[EXTENSION]))
    return app


def _let_go_on_sigterm(built: Services) -> None:
    """When the server begins to stop, and waits, end what does not end by itself: readings and sockets."""
    end_worker = signal.getsignal(signal.SIGTERM)

    def let_go() -> None:
        built.background.stop()
        built.live.close_all()

    def handle(number: int, frame: FrameType | None) -> None:
        if callable(end_worker):
            end_worker(number, frame)
        # Starting a thread waits for it, which is an error where the signal finds gevent's own loop running.
        gevent.spawn(let_go)

    signal.signal(signal.SIGTERM, handle)


def main() -> None:
    """Check the settings, then become the server."""
    # What is kept holds tokens and customers' numbers: nobody else on this machine may read it.
    os.umask(0o077)
    try:
        config = Config.from_environment(environment(ROOT))
        for url in (sessions_url(config), config.database_url):
            check_database(url)
        assets.read_manifest(STATIC)
    except (ConfigError, DatabaseError, assets.AssetsMissingError) as error:
        sys.exit(f"Callboard cannot start: {error}")
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py")])  # noqa: S606  # no user input


if __name__ == "__main__":
    main()
