"""Writing the log: what counts as news, and what it keeps."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace
from sqlalchemy import Engine, event

from aircall.calls.feed import Change, ChangeKind
from aircall.calls.query import CallFilter
from aircall.calls.store import CallStore
from aircall.models import Call
from aircall.storage.database import open_database
from tests.storage.drawn import CALLS, checked
from tests.support.made_calls import NOON, call_id, made_call, made_notes

ALL = CallFilter(view="all")


def state(log: CallStore, number: int = 1) -> Call | None:
    """What the log knows of the call with this number."""
    return next(iter(log.find([call_id(number)])), None)


def test_a_call_is_read_back_as_it_was_written(log: CallStore) -> None:
    call = made_call(
        direction="unknown",
        caller="",
        duration=None,
        is_archived=True,
        created_at=datetime(2026, 11, 23, 12, 0, 0, 123_000, UTC),
        notes=made_notes("newest 😀\n\N{RIGHT-TO-LEFT OVERRIDE}", ""),
    )

    log.apply([call])

    assert log.find([call.id]) == [call]


def test_the_answer_tells_what_was_added_and_what_was_changed_in_their_order(log: CallStore) -> None:
    same, old, new = made_call(1), made_call(2), made_call(3)
    log.apply([same, old])
    changed = replace(old, is_archived=True)

    changes = log.apply([new, same, changed])

    assert changes == [
        Change(ChangeKind.ADD, new.id, new),
        Change(ChangeKind.UPDATE, changed.id, changed),
    ]


def test_every_field_of_a_call_is_news_when_it_changes(log: CallStore) -> None:
    call = made_call()
    log.apply([call])
    news: list[dict[str, Any]] = [
        {"direction": "outbound"},
        {"call_type": "answered"},
        {"caller": "+1"},
        {"callee": "+2"},
        {"via": "+3"},
        {"duration": None},
        {"is_archived": True},
        {"created_at": None},
        {"notes": made_notes("a")},
        {"notes": made_notes("A")},
    ]

    for change in news:
        call = replace(call, **change)
        assert log.apply([call]) == [Change(ChangeKind.UPDATE, call.id, call)]
        assert state(log) == call


@pytest.mark.parametrize(
    "odd",
    [
        {"created_at": NOON + timedelta(microseconds=1)},
        {"created_at": datetime(1970, 1, 1, tzinfo=UTC)},
        {"duration": timedelta(microseconds=610_500)},
    ],
)
def test_a_call_finer_than_the_log_keeps_it_is_no_news_the_second_time(
    log: CallStore, odd: dict[str, Any]
) -> None:
    call = made_call(**odd)
    log.apply([call])

    assert log.apply([call]) == []
    assert log.apply([call], log.version) == []


def test_nothing_is_no_news(log: CallStore) -> None:
    version = log.version

    assert log.apply([]) == []
    assert log.remove([], version) == []
    assert log.version == version


def test_each_write_is_a_new_version(log: CallStore) -> None:
    versions = [log.version]
    for _ in range(3):
        log.apply([made_call()])
        versions.append(log.version)

    assert versions == sorted(set(versions))


def test_any_number_of_calls_may_be_written_and_removed_at_once(database: Engine) -> None:
    @event.listens_for(database, "connect")
    def limit_variables(connection: object, _: object) -> None:
        """As SQLite was built for a long time."""
        if isinstance(connection, sqlite3.Connection):
            connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)

    log = CallStore(database)
    calls = [made_call(number) for number in range(2500)]

    assert len(log.apply(calls)) == 2500
    assert log.apply(calls, log.version) == []
    assert len(log.remove([call.id for call in calls], log.version)) == 2500
    assert log.call_ids() == []


def test_the_log_remembers_when_it_was_synchronised(log: CallStore) -> None:
    assert log.synced_at is None

    log.mark_synced(NOON)

    assert log.synced_at == NOON


def test_a_cleared_log_knows_nothing_and_has_never_been_synchronised(log: CallStore) -> None:
    log.apply([made_call(1), made_call(2)])
    log.mark_synced(NOON)
    version = log.version

    log.clear()

    assert log.call_ids() == []
    assert log.synced_at is None
    assert log.version >= version


def test_the_log_outlives_the_process(log: CallStore) -> None:
    log.apply([made_call()])
    log.mark_synced(NOON)
    version = log.version
    log.close()

    again = CallStore(open_database(log.engine.url.render_as_string(hide_password=False)))

    assert (again.version, again.synced_at) == (version, NOON)
    assert again.page(ALL, 0, 10) == [made_call()]
    again.close()


def test_many_threads_may_write_at_once(log: CallStore) -> None:
    start = threading.Barrier(6)

    def write(thread: int) -> int:
        start.wait(10)
        return sum(len(log.apply([made_call(10 * thread + number)])) for number in range(10))

    with ThreadPoolExecutor(6) as pool:
        added = sum(pool.map(write, range(6)))

    assert added == 60
    assert len(log.call_ids()) == 60
    assert log.version == 60


@given(CALLS, CALLS)
@checked
def test_a_call_is_news_exactly_if_it_is_different(log: CallStore, one: Call, other: Call) -> None:
    other = replace(other, id=one.id)
    log.apply([one])

    changes = log.apply([other], log.version)

    assert changes == ([] if other == one else [Change(ChangeKind.UPDATE, other.id, other)])
    assert log.find([one.id]) == [other]
