"""What the views work with, made once by the application factory and found through the current app.

Opens and checks what is kept: sessions and logins, and the calls. Knows nothing of what is in them.

Makes every room below the pages, each given the ones that it works with, and starts and stops them.

What a worker does when the server begins to stop: it lets go of what does not end by itself.
"""

import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import cast

import gevent
from flask import Flask, current_app

from aircall.api.client import ApiClient
from aircall.auth.logins import Logins, ServiceAccount
from aircall.calls.feed import ChangeFeed
from aircall.calls.replica import CallReplica
from aircall.calls.statistics import CallStatisticsQuery
from aircall.calls.store import CallStore, FencedError
from aircall.changes.jobs import JobService
from aircall.changes.notes import NoteWriter
from aircall.changes.service import ChangeService
from aircall.cluster.node import ClusterNode, ClusterSync
from aircall.concurrency import MessageBus
from aircall.models import Call
from aircall.pusher.connection import PusherSettings
from aircall.pusher.listener import Listener
from aircall.status import LinkStatus
from aircall.storage import STORAGE_ERRORS, StorageBusyError
from aircall.storage.database import open_database
from aircall.storage.records import RecordStore, SQLiteRecordStore
from aircall.storage.redis import RedisRecordStore, connect
from aircall.sync.full_sync import FullSync
from aircall.sync.reconciler import Reconciler
from aircall.sync.scheduler import SyncScheduler
from aircall.sync.supervisor import Keeper, LiveStatus, SyncService, SyncSupervisor
from aircall.web.error_messages import reason_for
from aircall.web.live.hub import SocketHub
from aircall.web.startup import sessions_url
from config import Config

EXTENSION = "callboard"


@dataclass(frozen=True, kw_only=True)
class Services:
    """The rooms below the pages.

    `feed_age` tells how many seconds ago the feed last heard from its source: 0 where it is its own.
    """

    config: Config
    api: ApiClient
    records: RecordStore
    logins: Logins
    replica: CallReplica
    statistics: CallStatisticsQuery
    changes: ChangeService
    archive_jobs: JobService
    scheduler: SyncScheduler
    sync: SyncService
    keeper: Keeper
    live: SocketHub
    feed_age: Callable[[], float]


def services() -> Services:
    """The services of the current app."""
    return cast(Services, current_app.extensions[EXTENSION])


# Under which the store keeps whose logins these are, and for how long (a century, in seconds).
API_KEY = "api"
FOREVER = 100 * 366 * 24 * 3600.0
# Longer than forgetting everything takes, in seconds.
FORGETTING_TIME = 5.0


def open_store(config: Config) -> RecordStore:
    """Where sessions and logins are kept: in Redis where there is one, else in a file of this process."""
    if config.redis_url is not None:
        return RedisRecordStore(connect(config.redis_url))
    return SQLiteRecordStore(open_database(sessions_url(config)))


def forget_other_api(records: RecordStore, log: CallStore, api_url: str) -> None:
    """Begin afresh where what is kept belongs to another API: its tokens and calls are none of this one's.

    Raises DatabaseError where those calls are not ours to forget, and StorageBusyError where another process
    is at it for longer than that takes.
    """
    log.belong_to(api_url)
    # Of processes that start at once, each would forget what the others have begun to keep.
    with records.lock(API_KEY, FORGETTING_TIME) as is_held:
        if not is_held:
            raise StorageBusyError("Another process does not get done with what belongs to another API.")
        kept = records.load(API_KEY)
        if kept is None or kept.value.decode() != api_url:
            records.clear()
            records.put(API_KEY, api_url.encode(), FOREVER)


log = logging.getLogger(__name__)


def build_services(app: Flask, config: Config) -> Services:
    """Every room below the pages, each given the ones that it works with."""
    api = ApiClient(config.api_url, auth_endpoint=config.pusher_auth_endpoint)
    records = open_store(config)
    sharing = ClusterNode(config.redis_url) if config.redis_url else None
    bus = sharing.bus if sharing else MessageBus()
    logins = Logins(records, api)
    replica = CallReplica(
        CallStore(open_database(config.database_url)), sharing.feed if sharing else ChangeFeed()
    )
    forget_other_api(records, replica.store, config.api_url)
    live = SocketHub(
        app, replica.feed, logins, config.public_origin, bus, sharing.post_now if sharing else _alone
    )
    changes = ChangeService(api, logins, records, replica, NoteWriter(records))
    sync = _Upkeep(config, api, logins, replica, live, sharing)
    return Services(
        config=config,
        api=api,
        records=records,
        logins=logins,
        replica=replica,
        statistics=CallStatisticsQuery(replica.store.engine, replica.store.search),
        changes=changes,
        archive_jobs=JobService(changes, records, reason_for, bus),
        scheduler=sync.scheduler,
        sync=sync.shared or sync.own,
        keeper=sharing or sync.own,
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
    built.records.close()
    built.replica.store.close()


class _Upkeep:
    """The rooms that keep log and feed fresh, tied to each other and to other processes, if there are any."""

    def __init__(
        self,
        config: Config,
        api: ApiClient,
        logins: Logins,
        replica: CallReplica,
        live: SocketHub,
        sharing: ClusterNode | None,
    ) -> None:
        self._live = live
        self._replica = replica
        self._post_now = sharing.post_now if sharing else _alone
        account = ServiceAccount(logins, config.listener_username, config.listener_password)
        full_sync = _full_sync(api, account, replica)
        self.scheduler = SyncScheduler(full_sync, self._is_watched, on_read=self._on_read)
        self.link = LiveStatus(self.scheduler, self._tell_link)
        listener = _listener(config, api, account, self.link, partial(_apply, replica, sharing))
        reconciler = _reconciler(api, account, replica, self.link)
        self.own = SyncSupervisor(replica, listener, self.scheduler, reconciler, full_sync, self.link)
        self.shared = ClusterSync(self.own, sharing.bus, live.send_link) if sharing else None
        if sharing and self.shared:
            sharing.share(self.shared, live)

    def _is_watched(self) -> bool:
        return bool(self._live.page_count) or (self.shared is not None and self.shared.is_watched_elsewhere)

    def _on_read(self) -> None:
        self.link.on_read()
        self._post_now()
        try:
            self._replica.store.search.catch_up()
        except STORAGE_ERRORS as error:
            log.warning("searches are slow until the next reading: %s", type(error).__name__)

    def _tell_link(self, status: LinkStatus) -> None:
        """Tell all pages: where there are several processes, each tells its own."""
        if self.shared is None:
            self._live.send_link(status)
        self._post_now()


def _full_sync(api: ApiClient, account: ServiceAccount, replica: CallReplica) -> FullSync:
    return FullSync(
        replica,
        lambda offset, limit: account.with_token(partial(api.get_calls, offset=offset, limit=limit)),
    )


def _apply(replica: CallReplica, sharing: ClusterNode | None, call: Call) -> None:
    try:
        replica.apply(call)
    except FencedError:
        if sharing is not None:
            sharing.force_reelection()
        raise


def _listener(
    config: Config, api: ApiClient, account: ServiceAccount, link: LiveStatus, on_call: Callable[[Call], None]
) -> Listener:
    return Listener(
        pusher_settings(config),
        authorize=lambda socket_id, channel: account.with_token(
            partial(api.authorize_channel, socket_id=socket_id, channel=channel)
        ),
        on_call=on_call,
        on_gap=link.on_gap,
        on_status=link.on_status,
    )


def _reconciler(
    api: ApiClient, account: ServiceAccount, replica: CallReplica, link: LiveStatus
) -> Reconciler:
    def fetch(call_id: str) -> Call:
        return account.with_token(partial(api.get_call, call_id=call_id))

    return Reconciler(
        replica.feed, lambda call_id: replica.read(call_id, fetch), on_failure=link.on_inconsistency
    )


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


# How often a worker that ends hangs up on pages that have come back (seconds).
HANG_UP_PAUSE = 0.2


def drain_on_sigterm(built: Services) -> None:
    """When the server begins to stop, and waits, end what does not end by itself.

    Readings and sockets end at once; jobs begin nothing new, and write down what became of the rest.
    """
    end_worker = signal.getsignal(signal.SIGTERM)

    def let_go() -> None:
        built.archive_jobs.stop_all()
        built.keeper.resign()
        # Connections are taken for another second, and a page that comes back by then would wait for the end.
        while True:
            built.live.close_all()
            gevent.sleep(HANG_UP_PAUSE)

    def handle(number: int, frame: FrameType | None) -> None:
        if callable(end_worker):
            end_worker(number, frame)
        # Starting a thread waits for it, which is an error where the signal finds gevent's own loop running.
        gevent.spawn(let_go)

    signal.signal(signal.SIGTERM, handle)
