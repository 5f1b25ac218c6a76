"""Makes every room below the pages, each given the ones that it works with, and starts and stops them."""

import logging
from collections.abc import Callable
from functools import partial
from typing import cast

from flask import Flask

from aircall.api.client import ApiClient
from aircall.auth.logins import Account, Logins
from aircall.calls.feed import Feed
from aircall.calls.replica import Mirror
from aircall.calls.statistics import CallFigures
from aircall.calls.store import CallLog, FencedError
from aircall.changes.jobs import ArchiveJobs
from aircall.changes.notes import Noting
from aircall.changes.service import Changes
from aircall.cluster.node import SharedUpkeep, Sharing
from aircall.concurrency import Signals
from aircall.models import Call
from aircall.pusher.connection import PusherSettings
from aircall.pusher.listener import Listener
from aircall.status import LinkStatus
from aircall.storage.database import open_database
from aircall.storage_errors import STORAGE_ERRORS
from aircall.sync.full_sync import Synchronisation
from aircall.sync.reconciler import Settling
from aircall.sync.scheduler import Background
from aircall.sync.supervisor import Link, OwnUpkeep
from aircall.web.error_messages import reason_for
from aircall.web.live.hub import Live
from aircall.web.services import EXTENSION, Services
from aircall.web.storage import forget_other_api, open_store
from config import Config

log = logging.getLogger(__name__)


def build_services(app: Flask, config: Config) -> Services:
    """Every room below the pages, each given the ones that it works with."""
    api = ApiClient(config.api_url, auth_endpoint=config.pusher_auth_endpoint)
    store = open_store(config)
    sharing = Sharing(config.redis_url) if config.redis_url else None
    signals = sharing.signals if sharing else Signals()
    logins = Logins(store, api)
    mirror = Mirror(CallLog(open_database(config.database_url)), sharing.feed if sharing else Feed())
    forget_other_api(store, mirror.log, config.api_url)
    live = Live(
        app, mirror.feed, logins, config.public_origin, signals, sharing.post_now if sharing else _alone
    )
    changes = Changes(api, logins, store, mirror, Noting(store))
    upkeep = _Upkeep(config, api, logins, mirror, live, sharing)
    return Services(
        config=config,
        api=api,
        store=store,
        logins=logins,
        mirror=mirror,
        figures=CallFigures(mirror.log.engine, mirror.log.search),
        changes=changes,
        archive_jobs=ArchiveJobs(changes, store, reason_for, signals),
        background=upkeep.background,
        upkeep=upkeep.shared or upkeep.own,
        keeper=sharing or upkeep.own,
        live=live,
        feed_age=(lambda: sharing.silence) if sharing else (lambda: 0.0),
    )


def start(app: Flask) -> None:
    """Start the background work of this app: what listens, reads the list and watches over open pages."""
    built = cast(Services, app.extensions[EXTENSION])
    built.live.start()
    built.keeper.start()


def stop(app: Flask) -> None:
    """End the background work and give back what it held."""
    built = cast(Services, app.extensions[EXTENSION])
    built.keeper.stop()
    built.live.stop()
    built.archive_jobs.close()
    built.api.close()
    built.store.close()
    built.mirror.log.close()


class _Upkeep:
    """The rooms that keep log and feed fresh, tied to each other and to other processes, if there are any."""

    def __init__(
        self,
        config: Config,
        api: ApiClient,
        logins: Logins,
        mirror: Mirror,
        live: Live,
        sharing: Sharing | None,
    ) -> None:
        self._live = live
        self._mirror = mirror
        self._post_now = sharing.post_now if sharing else _alone
        account = Account(logins, config.listener_username, config.listener_password)
        synchronisation = _synchronisation(api, account, mirror)
        self.background = Background(synchronisation, self._is_watched, on_read=self._on_read)
        self.link = Link(self.background, self._tell_link)
        listener = _listener(config, api, account, self.link, partial(_apply, mirror, sharing))
        settling = _settling(api, account, mirror, self.link)
        self.own = OwnUpkeep(mirror, listener, self.background, settling, synchronisation, self.link)
        self.shared = SharedUpkeep(self.own, sharing.signals, live.send_link) if sharing else None
        if sharing and self.shared:
            sharing.share(self.shared, live)

    def _is_watched(self) -> bool:
        return bool(self._live.page_count) or (self.shared is not None and self.shared.is_watched_elsewhere)

    def _on_read(self) -> None:
        self.link.on_read()
        self._post_now()
        try:
            self._mirror.log.search.catch_up()
        except STORAGE_ERRORS as error:
            log.warning("searches are slow until the next reading: %s", type(error).__name__)

    def _tell_link(self, status: LinkStatus) -> None:
        """Tell all pages: where there are several processes, each tells its own."""
        if self.shared is None:
            self._live.send_link(status)
        self._post_now()


def _synchronisation(api: ApiClient, account: Account, mirror: Mirror) -> Synchronisation:
    return Synchronisation(
        mirror,
        lambda offset, limit: account.authorized(partial(api.get_calls, offset=offset, limit=limit)),
    )


def _apply(mirror: Mirror, sharing: Sharing | None, call: Call) -> None:
    try:
        mirror.apply(call)
    except FencedError:
        if sharing is not None:
            sharing.take_again()
        raise


def _listener(
    config: Config, api: ApiClient, account: Account, link: Link, on_call: Callable[[Call], None]
) -> Listener:
    return Listener(
        pusher_settings(config),
        authorize=lambda socket_id, channel: account.authorized(
            partial(api.authorize_channel, socket_id=socket_id, channel=channel)
        ),
        on_call=on_call,
        on_gap=link.on_gap,
        on_status=link.on_status,
    )


def _settling(api: ApiClient, account: Account, mirror: Mirror, link: Link) -> Settling:
    def fetch(call_id: str) -> Call:
        return account.authorized(partial(api.get_call, call_id=call_id))

    return Settling(mirror.feed, lambda call_id: mirror.read(call_id, fetch), on_failure=link.on_doubt)


def _alone() -> None:
    """There is no other process to tell."""


def pusher_settings(config: Config) -> PusherSettings:
    """Where the events come from."""
    return PusherSettings(
        key=config.pusher_app_key,
        cluster=config.pusher_app_cluster,
        host=config.pusher_host,
        port=config.pusher_port,
        is_secure=config.pusher_scheme == "https",
    )
