"""Makes every room below the pages, each given the ones that it works with, and starts and stops them."""

from functools import partial
from typing import cast

from flask import Flask

from aircall.account import Account
from aircall.archive_jobs import ArchiveJobs
from aircall.background import Background
from aircall.call_figures import CallFigures
from aircall.call_log import CallLog
from aircall.changes import Changes
from aircall.client import ApiClient
from aircall.database import open_database
from aircall.feed import Feed
from aircall.link import Link
from aircall.listener import Listener
from aircall.logins import Logins
from aircall.mirror import Mirror
from aircall.noting import Noting
from aircall.pusher import PusherSettings
from aircall.settling import Settling
from aircall.store import EmbeddedStore, Store
from aircall.synchronisation import Synchronisation
from aircall.web.error_words import reason_for
from aircall.web.live import Live
from aircall.web.services import EXTENSION, Services
from config import Config

# Under which the store keeps whose logins these are, and for how long (a century, in seconds).
API_KEY = "api"
FOREVER = 100 * 366 * 24 * 3600.0


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
        on_failure=link.on_doubt,
    )
    changes = Changes(api, logins, store, mirror, Noting(store))
    return Services(
        config=config,
        api=api,
        store=store,
        logins=logins,
        mirror=mirror,
        figures=CallFigures(mirror.log.engine, mirror.log.search),
        changes=changes,
        archive_jobs=ArchiveJobs(changes, store, reason_for),
        synchronisation=synchronisation,
        background=background,
        settling=settling,
        listener=listener,
        live=live,
    )


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
    built.archive_jobs.close()
    built.api.close()
    built.store.close()
    built.mirror.log.close()


def sessions_url(config: Config) -> str:
    """The database of the sessions and logins."""
    return f"sqlite:///{config.data_dir / 'sessions.db'}"


def forget_other_api(store: Store, log: CallLog, api_url: str) -> None:
    """Begin afresh where what is kept belongs to another API: its tokens and calls are none of this one's.

    Raises DatabaseError where those calls are not ours to forget.
    """
    log.belong_to(api_url)
    kept = store.load(API_KEY)
    if kept is None or kept.value.decode() != api_url:
        store.clear()
        store.put(API_KEY, api_url.encode(), FOREVER)


def check_calls(config: Config) -> None:
    """Raises DatabaseError, one line for people, where the database holds the calls of another API."""
    log = CallLog(open_database(config.database_url))
    try:
        log.belong_to(config.api_url)
    finally:
        log.close()


def pusher_settings(config: Config) -> PusherSettings:
    """Where the events come from."""
    return PusherSettings(
        key=config.pusher_app_key,
        cluster=config.pusher_app_cluster,
        host=config.pusher_host,
        port=config.pusher_port,
        is_secure=config.pusher_scheme == "https",
    )
