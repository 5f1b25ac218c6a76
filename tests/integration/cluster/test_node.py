"""The upkeep of several processes, as each of them sees it: whose it is, how fresh, and how the link is."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic

import pytest

from aircall.cluster.heartbeat import Heartbeat
from aircall.cluster.node import NO_CONTACT, NO_LEADER, ClusterState
from aircall.concurrency import MessageBus
from aircall.status import (
    NOT_STARTED,
    WATCH_TIME,
    LinkState,
    LinkStatus,
    Role,
    SyncError,
    SyncProgress,
    SyncStatus,
)

LIVE = LinkStatus(LinkState.LIVE, datetime(2026, 1, 1, tzinfo=UTC), "subscribed")
# Long enough for a thread to be woken, in seconds.
SOON = 5.0


def state(fresh_for: float = 0.0, trouble: SyncError | None = None) -> SyncStatus:
    return SyncStatus(
        link=LIVE, listener=LIVE, progress=SyncProgress(1, 2), error=trouble, fresh_for=fresh_for
    )


def notice(
    sync: SyncStatus | None = None, pages: int = 0, seconds_since_view: float | None = None
) -> Heartbeat:
    return Heartbeat(
        process="other", page_count=pages, seconds_since_view=seconds_since_view, viewers={}, sync=sync
    )


class Work:
    """An upkeep that does nothing but write down what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = state()
        self.is_fenced = self.is_watched_remotely = False
        self.role = Role(is_leader=True, age=0.0)

    def start(self) -> None:
        self.asked.append("start")

    def resign(self) -> None:
        self.asked.append("step back")

    def stop(self) -> None:
        self.asked.append("stop")

    def on_status(self, handler: Callable[[LinkStatus], None]) -> None:
        """Nothing changes by itself."""

    def on_synced(self, handler: Callable[[], None]) -> None:
        """Nothing is synced."""

    def ensure_fresh(self, timeout: float) -> None:
        self.asked.append(f"fresh within {timeout:g}")

    def retry_now(self) -> None:
        self.asked.append("signed in")


class Process:
    """One process: its upkeep, the signals it sent, and what it told its pages of the link."""

    def __init__(self) -> None:
        self.work, self.bus = Work(), MessageBus()
        self.sent: list[str] = []
        self.told: list[LinkStatus] = []
        for name in ("read", "signed-in"):
            self.bus.on(name, lambda _value, name=name: self.sent.append(name))  # type: ignore[misc]
        self.sync = ClusterState(self.work, self.bus)
        self.sync.on_status(self.told.append)


@pytest.fixture
def process() -> Process:
    """A process in contact with the others, none of which keeps the list yet."""
    made = Process()
    made.sync.note_contact(True)
    return made


def test_the_owner_does_the_work_itself_and_answers_the_others(process: Process) -> None:
    process.sync.elected()

    process.sync.ensure_fresh(1.0)
    process.bus.deliver("read", "")
    process.bus.deliver("signed-in", "")

    assert process.work.asked == ["start", "fresh within 1", "fresh within 0", "signed in"]
    assert process.sync.role.is_leader
    assert process.sync.own_status == process.work.status


def test_who_has_lost_the_upkeep_does_nothing_more_for_it(process: Process) -> None:
    process.sync.elected()
    process.sync.demoted()

    process.bus.deliver("read", "")
    process.bus.deliver("signed-in", "")

    assert process.work.asked == ["start", "stop"]
    assert process.sync.own_status is None


def test_a_list_that_another_process_keeps_fresh_needs_no_asking(process: Process) -> None:
    process.sync.receive([notice(), notice(state(fresh_for=60))])

    process.sync.ensure_fresh(SOON)

    assert process.sent == []
    assert process.sync.status == state(fresh_for=60)


def test_an_old_list_is_asked_for_and_waited_for_until_it_has_been_read(process: Process) -> None:
    process.sync.receive([notice(state())])
    process.bus.on("read", lambda _value: process.sync.receive([notice(state(fresh_for=60))]))
    began = monotonic()

    process.sync.ensure_fresh(SOON)

    assert process.sent == ["read"]
    assert monotonic() < began + SOON


def test_nobody_waits_for_a_reading_that_fails(process: Process) -> None:
    process.sync.receive([notice(state(trouble=SyncError("ServerError", is_internal=False)))])
    began = monotonic()

    process.sync.ensure_fresh(SOON)

    assert process.sent == ["read"]
    assert monotonic() < began + SOON


def test_a_login_is_made_known_to_the_owner(process: Process) -> None:
    process.sync.retry_now()

    assert process.sent == ["signed-in"]


@pytest.mark.parametrize(
    ("others", "is_watched"),
    [
        ([], False),
        ([notice()], False),
        ([notice(), notice(pages=1)], True),
        ([notice(seconds_since_view=WATCH_TIME - 1)], True),
        ([notice(seconds_since_view=WATCH_TIME)], False),
    ],
)
def test_the_list_is_watched_where_any_other_process_has_readers(
    process: Process, others: list[Heartbeat], is_watched: bool
) -> None:
    process.sync.receive(others)

    assert process.work.is_watched_remotely is is_watched


def test_who_asked_for_a_page_counts_as_a_reader_for_the_others(process: Process) -> None:
    before = process.sync.seconds_since_view

    process.sync.ensure_fresh(0)

    after = process.sync.seconds_since_view
    assert before is None
    assert after is not None
    assert 0 <= after < SOON


def test_pages_are_told_of_the_owners_link_once_for_each_change(process: Process) -> None:
    process.sync.receive([notice(state())])
    process.sync.receive([notice(state(fresh_for=1))])

    assert process.told[-1] == LIVE
    assert process.told.count(LIVE) == 1


def test_a_link_is_not_called_live_while_nobody_keeps_it_or_nothing_arrives(process: Process) -> None:
    process.sync.receive([notice(state())])

    process.sync.receive([notice()])
    process.sync.note_contact(False)
    process.sync.receive([notice(state())])

    without_owner, without_contact = process.told[-2:]
    assert (without_owner.state, without_owner.reason) == (LinkState.RECONNECTING, NO_LEADER)
    assert (without_contact.state, without_contact.reason) == (LinkState.RECONNECTING, NO_CONTACT)
    assert without_contact.since == without_owner.since > LIVE.since


def test_what_was_never_live_has_not_been_so_since_the_start(process: Process) -> None:
    assert [status.since for status in process.told] == [NOT_STARTED.since]
