"""What a process knows of the sync of its cluster: its role, how fresh the replica is, and the link."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

import msgspec
import pytest

from aircall.cluster.heartbeat import Heartbeat
from aircall.cluster.node import NO_CONTACT, NO_LEADER, ClusterState
from aircall.concurrency import MessageBus
from aircall.status import (
    NOT_STARTED,
    WATCH_TIME,
    ApiTrouble,
    LinkState,
    LinkStatus,
    Role,
    SyncError,
    SyncProgress,
    SyncStatus,
    TroubleKind,
)

LIVE = LinkStatus(LinkState.LIVE, datetime(2026, 1, 1, tzinfo=UTC), "subscribed")
# Seconds. Long enough for a thread to wake up.
SOON = 20.0


def status(fresh_for: float = 0.0, error: SyncError | None = None) -> SyncStatus:
    return SyncStatus(link=LIVE, listener=LIVE, progress=SyncProgress(1, 2), error=error, fresh_for=fresh_for)


def heartbeat(
    sync: SyncStatus | None = None, page_count: int = 0, seconds_since_view: float | None = None
) -> Heartbeat:
    return Heartbeat(
        process="other", page_count=page_count, seconds_since_view=seconds_since_view, viewers={}, sync=sync
    )


class RecordingSync:
    """A local sync that only records what it was asked for."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.status = status()
        self.is_watched_remotely = False
        self.role = Role(is_leader=True, age=0.0)
        self.seconds_since_contact = 0.0

    def start(self) -> None:
        self.requests.append("start")

    def resign(self) -> None:
        self.requests.append("resign")

    def stop(self) -> None:
        self.requests.append("stop")

    def on_status(self, handler: Callable[[LinkStatus], None]) -> None:
        """Nothing changes by itself."""

    def on_synced(self, handler: Callable[[], None]) -> None:
        """Nothing is synced."""

    def on_fenced(self, handler: Callable[[], None]) -> None:
        """Nothing is rejected."""

    def ensure_fresh(self, timeout: float) -> None:
        self.requests.append(f"fresh within {timeout:g}")

    def retry_now(self) -> None:
        self.requests.append("retry")

    def request_sync(self) -> None:
        self.requests.append("sync")


class Process:
    """One process: its local sync, the messages it sent, and the link statuses it published."""

    def __init__(self) -> None:
        self.local, self.bus = RecordingSync(), MessageBus()
        self.sent: list[str] = []
        self.published: list[LinkStatus] = []
        for name in ("read", "signed-in"):
            self.bus.on(name, lambda _text, name=name: self.sent.append(name))  # type: ignore[misc]
        self.state = ClusterState(self.local, self.bus)
        self.state.on_status(self.published.append)


@pytest.fixture
def process() -> Process:
    """A process in contact with Redis, while there is no leader."""
    process = Process()
    process.state.note_contact(True)
    return process


def test_the_leader_syncs_and_answers_requests_of_others(process: Process) -> None:
    process.state.elected()

    process.state.ensure_fresh(1.0)
    process.bus.deliver("read", "")
    process.bus.deliver("signed-in", "")

    assert process.local.requests == ["start", "fresh within 1", "fresh within 0", "retry"]
    assert process.state.role.is_leader
    assert process.state.own_status == process.local.status


def test_a_demoted_leader_stops_and_answers_no_requests(process: Process) -> None:
    process.state.elected()
    process.state.demoted()

    process.bus.deliver("read", "")
    process.bus.deliver("signed-in", "")

    assert process.local.requests == ["start", "stop"]
    assert process.state.own_status is None


def test_a_replica_that_the_leader_keeps_fresh_is_viewed_and_not_requested(process: Process) -> None:
    before = process.state.seconds_since_view
    process.state.receive([heartbeat(), heartbeat(status(fresh_for=60))])

    process.state.ensure_fresh(SOON)

    assert process.sent == []
    assert before is None
    assert process.state.seconds_since_view is not None
    assert process.state.status == status(fresh_for=60)


ERROR = SyncError("ServerError", is_internal=False)


@pytest.mark.parametrize("answer", [status(fresh_for=60), status(error=ERROR)])
def test_a_stale_replica_is_requested_and_waited_for_until_the_sync_succeeds_or_fails(
    process: Process, answer: SyncStatus
) -> None:
    process.state.receive([heartbeat(status())])
    process.bus.on("read", lambda _text: process.state.receive([heartbeat(answer)]))
    began = monotonic()

    process.state.ensure_fresh(SOON)
    process.state.retry_now()

    assert process.sent == ["read", "signed-in"]
    assert monotonic() < began + SOON


@pytest.mark.parametrize(
    ("others", "is_watched"),
    [
        ([], False),
        ([heartbeat()], False),
        ([heartbeat(), heartbeat(page_count=1)], True),
        ([heartbeat(seconds_since_view=WATCH_TIME - 1)], True),
        ([heartbeat(seconds_since_view=WATCH_TIME)], False),
    ],
)
def test_open_pages_and_recent_views_of_other_processes_keep_the_replica_watched(
    process: Process, others: list[Heartbeat], is_watched: bool
) -> None:
    process.state.receive(others)

    assert process.local.is_watched_remotely is is_watched


def test_each_status_of_the_leaders_link_is_published_once(process: Process) -> None:
    process.state.receive([heartbeat(status())])
    process.state.receive([heartbeat(status(fresh_for=1))])

    assert process.published[-1] == LIVE
    assert process.published.count(LIVE) == 1


def test_the_apis_trouble_goes_to_every_process_with_the_leaders_heartbeat(process: Process) -> None:
    trouble = ApiTrouble(TroubleKind.SILENT, datetime(2026, 1, 2, tzinfo=UTC))
    troubled = replace(LIVE, trouble=trouble)

    for link in (troubled, LIVE):
        sent = msgspec.json.encode(heartbeat(msgspec.structs.replace(status(), link=link)))
        process.state.receive([msgspec.json.decode(sent, type=Heartbeat)])

    assert process.published[-2:] == [troubled, LIVE]


def test_the_link_is_not_live_without_a_leader_or_contact(process: Process) -> None:
    # It never was before.
    assert [status.since for status in process.published] == [NOT_STARTED.since]
    process.state.receive([heartbeat(status())])

    process.state.receive([heartbeat()])
    process.state.note_contact(False)
    process.state.receive([heartbeat(status())])

    no_leader, no_contact = process.published[-2:]
    assert (no_leader.state, no_leader.reason) == (LinkState.RECONNECTING, NO_LEADER)
    assert (no_contact.state, no_contact.reason) == (LinkState.RECONNECTING, NO_CONTACT)
    assert no_contact.since == no_leader.since > LIVE.since
