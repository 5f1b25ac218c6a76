"""The composition root: builds every service from the settings, starts and stops them.

Four subscriptions connect lower layers to the web: the change feed, the status of the sync, the message bus
and the team feed to the socket hub. Everything else is passed as an object.
"""

import signal
from dataclasses import asdict, dataclass, field
from types import FrameType
from typing import cast

import gevent
from flask import Flask, current_app

from aircall.api.client import DEADLINE, ApiClient
from aircall.api.resilience import PAUSE
from aircall.auth.logins import Logins, ServiceAccount
from aircall.auth.sign_ins import SignIns
from aircall.calls.feed import ChangeFeed
from aircall.calls.replica import CallReplica
from aircall.calls.statistics import CallStatisticsQuery
from aircall.calls.store import CallStore
from aircall.changes.diary import Diary
from aircall.changes.jobs import JobService
from aircall.changes.notes import NoteWriter
from aircall.changes.service import ChangeService
from aircall.changes.verification import VERIFY_TIMEOUT
from aircall.cluster.node import ClusterNode, ClusterSync
from aircall.concurrency import MessageBus
from aircall.pusher.connection import LinkTimings, PusherSettings
from aircall.storage import StorageBusyError
from aircall.storage.attempts import AttemptStore, MemoryAttempts, RedisAttempts
from aircall.storage.database import open_database
from aircall.storage.encryption import EncryptedRecords
from aircall.storage.records import RecordStore, SQLiteRecordStore
from aircall.storage.redis import RedisRecordStore, connect
from aircall.sync.scheduler import SYNC_INTERVAL, SYNC_RETRY_INTERVAL
from aircall.sync.supervisor import SyncService, SyncSupervisor
from aircall.team.claim_keeper import ClaimKeeper
from aircall.team.service import Team
from aircall.web.fragments import CallRows
from aircall.web.live.change_messages import ChangeMessages
from aircall.web.live.hub import LOGIN_ENDED, SocketHub, SocketTimings
from aircall.web.live.presence import ConnectionRegistry, PresenceService
from aircall.web.people import PeopleReader
from aircall.web.startup import sessions_url
from aircall.web.waiting import WaitingReader
from config import Config

EXTENSION = "callboard"
# The record that names the API to which all others belong, and its lifetime (a century, in seconds).
# Versions that did not encrypt records called it `api`: what they have kept is deleted.
API_KEY = "encrypted:api"
FOREVER = 100 * 366 * 24 * 3600.0
# Seconds. Must exceed the deletion of all records.
CLEAR_TIMEOUT = 5.0
# Seconds between two attempts of a worker that ends to close sockets that have reconnected.
CLOSE_INTERVAL = 0.2


@dataclass(frozen=True, kw_only=True)
class Timings:
    """How long things take, in seconds: production's times by default. Tests shorten what they wait for."""

    api_deadline: float = DEADLINE
    breaker_pause: float = PAUSE
    verify_timeout: float = VERIFY_TIMEOUT
    sync_interval: float = SYNC_INTERVAL
    sync_retry_interval: float = SYNC_RETRY_INTERVAL
    sockets: SocketTimings = field(default_factory=SocketTimings)
    link: LinkTimings = field(default_factory=LinkTimings)


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the views work with."""

    config: Config
    api: ApiClient
    records: RecordStore
    logins: Logins
    sign_ins: SignIns
    attempts: AttemptStore
    replica: CallReplica
    statistics: CallStatisticsQuery
    changes: ChangeService
    jobs: JobService
    team: Team
    claim_keeper: ClaimKeeper
    sync: SyncService
    hub: SocketHub
    rows: CallRows
    people: PeopleReader
    waiting: WaitingReader


def services() -> Services:
    """Return the services of the current application."""
    return cast(Services, current_app.extensions[EXTENSION])


def build_services(app: Flask, config: Config, timings: Timings) -> Services:
    """Build every service, and connect them. Nothing is started."""
    api = ApiClient(
        config.api_url,
        auth_endpoint=config.pusher_auth_endpoint,
        deadline=timings.api_deadline,
        breaker_pause=timings.breaker_pause,
        proxy_url=config.proxy_url,
    )
    kept = open_records(config)
    records = EncryptedRecords(kept, [config.secret_key, *config.secret_key_fallbacks])
    logins = Logins(records, api)
    node = ClusterNode(config.redis_url) if config.redis_url else None
    feed, bus = (node.feed, node.bus) if node else (ChangeFeed(), MessageBus())
    replica = CallReplica(CallStore(open_database(config.database_url)), feed)
    # Not encrypted: an instance that is given a wrong SECRET_KEY must not delete what the others keep.
    forget_other_api(kept, replica.store, config.api_url)
    connections = ConnectionRegistry(logins)
    presence = PresenceService(connections)
    account = ServiceAccount(logins, config.listener_username, config.listener_password)
    supervisor = SyncSupervisor(
        account,
        replica,
        pusher_settings(config, timings.link),
        presence,
        timings.sync_interval,
        timings.sync_retry_interval,
    )
    sync: SyncService = ClusterSync(supervisor, node, presence) if node else supervisor
    rows = CallRows(app)
    team = open_team(config, replica.store, bus)
    people = PeopleReader(team)
    waiting = WaitingReader(replica.store.callers, team)
    messages = ChangeMessages(replica.store, rows, people, waiting)
    hub = SocketHub(
        app,
        feed,
        logins,
        connections,
        presence,
        messages,
        bus,
        config.public_origin,
        timings.sockets,
        config.pages_per_login,
    )
    feed.subscribe(hub.send_change, hub.send_reload)
    sync.on_status(hub.send_link)
    bus.on(LOGIN_ENDED, hub.close_login_sockets)
    team.feed.subscribe(hub.send_team_change)
    notes = NoteWriter(records, verify_timeout=timings.verify_timeout)
    changes = ChangeService(
        logins, records, replica, notes, Diary(logins, team.activity), timings.verify_timeout
    )
    return Services(
        config=config,
        api=api,
        records=records,
        logins=logins,
        sign_ins=SignIns(records, logins),
        attempts=open_attempts(config),
        replica=replica,
        statistics=CallStatisticsQuery(replica.store.engine, replica.store.found),
        changes=changes,
        jobs=JobService(changes, records, bus),
        team=team,
        claim_keeper=ClaimKeeper(team.claims, replica.store, feed),
        sync=sync,
        hub=hub,
        rows=rows,
        people=people,
        waiting=waiting,
    )


def start(app: Flask) -> None:
    """Start the background work of this application."""
    built = cast(Services, app.extensions[EXTENSION])
    built.hub.start()
    built.sync.start()
    built.claim_keeper.start()


def stop(app: Flask) -> None:
    """Stop the background work, and release what it held."""
    built = cast(Services, app.extensions[EXTENSION])
    built.claim_keeper.stop()
    built.sync.stop()
    built.hub.stop()
    built.jobs.close()
    built.api.close()
    built.records.close()
    built.replica.store.close()
    built.team.close()


def drain_on_sigterm(built: Services) -> None:
    """On SIGTERM, end what does not end by itself, while the server finishes requests in flight.

    Full syncs and sockets end at once; jobs begin no more changes, and save their results.
    """
    end_worker = signal.getsignal(signal.SIGTERM)

    def drain() -> None:
        built.jobs.stop_all()
        built.sync.resign()
        # The server accepts connections for another second: a page that reconnects would delay the end.
        while True:
            built.hub.close_all()
            gevent.sleep(CLOSE_INTERVAL)

    def handle(number: int, frame: FrameType | None) -> None:
        if callable(end_worker):
            end_worker(number, frame)
        # Starting a thread would block, which is an error where the signal interrupts gevent's loop.
        gevent.spawn(drain)

    signal.signal(signal.SIGTERM, handle)


def pusher_settings(config: Config, timings: LinkTimings) -> PusherSettings:
    """Return the settings of the Pusher channel."""
    return PusherSettings(
        **asdict(timings),
        key=config.pusher_app_key,
        cluster=config.pusher_app_cluster,
        host=config.pusher_host,
        port=config.pusher_port,
        is_secure=config.pusher_scheme == "https",
        proxy_url=config.proxy_url,
    )


def open_records(config: Config) -> RecordStore:
    """Open the records of sessions and logins: in Redis if configured, else in a file of this process."""
    if config.redis_url is not None:
        return RedisRecordStore(connect(config.redis_url))
    return SQLiteRecordStore(open_database(sessions_url(config)))


def open_attempts(config: Config) -> AttemptStore:
    """Open the count of failed logins: one over all processes where they share a Redis."""
    return RedisAttempts(connect(config.redis_url)) if config.redis_url else MemoryAttempts()


def open_team(config: Config, store: CallStore, bus: MessageBus) -> Team:
    """Open the team data: in a file of its own, or by the connections of the call store to PostgreSQL."""
    is_shared = config.team_database_url == config.database_url
    return Team.open(
        store.engine if is_shared else open_database(config.team_database_url, is_durable=True),
        config.api_url,
        bus,
        claim_minutes=config.claim_minutes,
        activity_days=config.activity_days,
    )


def forget_other_api(records: RecordStore, store: CallStore, api_url: str) -> None:
    """Delete everything that belongs to another API: its tokens and calls are none of this one's.

    Raises DatabaseError if those calls are not ours to delete, and StorageBusyError if another process takes
    too long with it.
    """
    store.belong_to(api_url)
    # Processes that start at once would delete what the others have begun to keep.
    with records.lock(API_KEY, CLEAR_TIMEOUT) as is_held:
        if not is_held:
            raise StorageBusyError("Another process is deleting what belongs to another API.")
        kept = records.load(API_KEY)
        if kept is None or kept.value.decode() != api_url:
            records.clear()
            records.put(API_KEY, api_url.encode(), FOREVER)
