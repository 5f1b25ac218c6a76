"""The call store: versioned writes, removals, and whose calls it holds."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace
from sqlalchemy import Engine, event, update

from aircall.calls.feed import Change, ChangeKind
from aircall.calls.filters import CallFilter
from aircall.calls.store import REMOVAL_MEMORY, CallStore
from aircall.calls.tables import state
from aircall.models import Call
from aircall.storage import StorageBusyError
from aircall.storage.database import DatabaseError, open_database
from aircall.storage.redis import RedisRecordStore, connect
from aircall.web import services
from tests.integration.calls.drawn import CALLS
from tests.support.made_calls import NOON, call_id, made_call, made_notes
from tests.support.postgres import Postgres
from tests.support.redis_server import RedisServer

CALL = made_call(1)
ARCHIVED = replace(CALL, is_archived=True)
API, OTHER_API = "https://api.example.com", "https://other.example.com"


def stored(call_store: CallStore, number: int = 1) -> Call | None:
    return next(iter(call_store.find([call_id(number)])), None)


def test_every_field_makes_a_change_and_is_read_as_it_was_written(call_store: CallStore) -> None:
    call = made_call()
    call_store.apply([call])
    new_values: list[dict[str, Any]] = [
        {"direction": "outbound"},
        {"call_type": "answered"},
        {"caller": "+1"},
        {"callee": ""},
        {"via": "+3"},
        {"duration": None},
        {"is_archived": True},
        {"created_at": datetime(2026, 11, 23, 12, 0, 0, 123_000, UTC)},
        {"created_at": None},
        {"notes": made_notes("newest 😀\n\N{RIGHT-TO-LEFT OVERRIDE}", "")},
        {"notes": made_notes("NEWEST")},
        {"notes": made_notes("newest")},
    ]

    for new in new_values:
        call = replace(call, **new)
        assert call_store.apply([call]) == [Change(ChangeKind.UPDATE, call.id, call)]
        assert stored(call_store) == call


@given(CALLS, CALLS)
def test_a_call_makes_a_change_exactly_if_it_differs(call_store: CallStore, one: Call, other: Call) -> None:
    other = replace(other, id=one.id)
    call_store.apply([one])

    changes = call_store.apply([other], call_store.version)

    assert changes == ([] if other == one else [Change(ChangeKind.UPDATE, other.id, other)])
    assert call_store.find([one.id]) == [other]


def test_a_call_finer_than_its_row_makes_no_second_change(call_store: CallStore) -> None:
    for created_at in (NOON + timedelta(microseconds=1), datetime(1970, 1, 1, tzinfo=UTC)):
        call = made_call(created_at=created_at, duration=timedelta(microseconds=610_500))
        call_store.apply([call])

        assert call_store.apply([call]) == []
        assert call_store.apply([call], call_store.version) == []


def test_of_a_call_given_twice_the_last_state_counts(call_store: CallStore) -> None:
    assert call_store.apply([CALL, made_call(2), ARCHIVED]) == [
        Change(ChangeKind.ADD, CALL.id, ARCHIVED),
        Change(ChangeKind.ADD, call_id(2), made_call(2)),
    ]
    assert call_store.apply([CALL, CALL], call_store.version) == [Change(ChangeKind.UPDATE, CALL.id, CALL)]


def test_each_write_of_a_call_is_a_new_version_and_an_empty_one_is_not(call_store: CallStore) -> None:
    versions = [call_store.version]
    for _ in range(3):
        call_store.apply([CALL])
        versions.append(call_store.version)

    assert versions == sorted(set(versions))
    assert call_store.apply([]) == call_store.remove([], call_store.version) == []
    assert call_store.version == versions[-1]


def test_any_number_of_calls_can_be_written_and_removed_at_once(database: Engine) -> None:
    @event.listens_for(database, "connect")
    def limit_variables(connection: object, _: object) -> None:
        # The limit of older SQLite versions.
        if isinstance(connection, sqlite3.Connection):
            connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)

    call_store = CallStore(database)
    calls = [made_call(number) for number in range(2500)]

    assert len(call_store.apply(calls)) == len(call_store.call_ids()) == 2500
    assert call_store.apply(calls, call_store.version) == []
    assert len(call_store.remove([call.id for call in calls], call_store.version)) == 2500
    assert call_store.call_ids() == []


def test_threads_can_write_at_the_same_time(call_store: CallStore) -> None:
    start = threading.Barrier(6)

    def write(thread: int) -> int:
        start.wait(10)
        return sum(len(call_store.apply([made_call(10 * thread + number)])) for number in range(10))

    with ThreadPoolExecutor(6) as pool:
        added = sum(pool.map(write, range(6)))

    assert added == len(call_store.call_ids()) == call_store.version == 60


def test_the_contents_outlive_the_process_for_the_same_api(call_store: CallStore) -> None:
    call_store.belong_to(API)
    call_store.apply([CALL])
    call_store.mark_synced(NOON)
    version = call_store.version
    call_store.close()

    reopened = CallStore(open_database(call_store.engine.url.render_as_string(hide_password=False)))
    reopened.belong_to(API)

    assert (reopened.version, reopened.synced_at) == (version, NOON)
    assert reopened.page(CallFilter(view="all"), 0, 10) == [CALL]
    reopened.close()


def test_the_latest_begin_of_a_full_sync_is_recorded_until_the_store_is_cleared(
    call_store: CallStore,
) -> None:
    assert call_store.synced_at is None
    call_store.apply([made_call(1), made_call(2)])
    call_store.mark_synced(NOON)
    # A full sync that began earlier and ended later does not count.
    call_store.mark_synced(NOON - timedelta(days=1))
    assert call_store.synced_at == NOON
    # That of a clock that was ahead does.
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    call_store.mark_synced(tomorrow)
    call_store.mark_synced(NOON)
    assert call_store.synced_at == NOON
    version = call_store.version

    call_store.clear()

    assert call_store.call_ids() == []
    assert call_store.synced_at is None
    assert call_store.version >= version


# What was read before a newer write.


def test_what_was_read_is_written_where_no_write_came_in_between(call_store: CallStore) -> None:
    call_store.apply([made_call(1), made_call(2)])
    read_version = call_store.version
    # An event that changes nothing is newer, too.
    call_store.apply([made_call(1)])
    read = [replace(made_call(number), is_archived=True) for number in (3, 1, 2)]

    # In the order of the calls.
    assert call_store.apply(read, read_version) == [
        Change(ChangeKind.ADD, call_id(3), read[0]),
        Change(ChangeKind.UPDATE, call_id(2), read[2]),
    ]


def test_filling_writes_what_applying_does_whether_calls_are_new_known_or_removed(
    call_store: CallStore,
) -> None:
    assert call_store.fill([made_call(1), made_call(2), made_call(3)], call_store.version)
    read_version = call_store.version
    call_store.apply([made_call(1)])
    call_store.remove([call_id(3)], call_store.version)

    read = [replace(made_call(number), is_archived=True) for number in (1, 2, 3, 4)]
    assert call_store.fill(read, read_version)

    assert [stored(call_store, number) for number in (1, 2, 3, 4)] == [made_call(1), read[1], None, read[3]]
    assert not call_store.fill([read[1], read[3]], call_store.version)


def test_what_was_read_before_the_latest_removal_of_a_call_does_not_restore_it(call_store: CallStore) -> None:
    call_store.apply([made_call(1), made_call(3)])
    read_version = call_store.version
    changes = call_store.remove([call_id(1), call_id(2)], read_version)
    read_later = call_store.version
    call_store.remove([call_id(2)], read_later)

    assert changes == [Change(ChangeKind.REMOVE, call_id(1), None)]
    assert call_store.apply([made_call(1), made_call(2)], read_version) == []
    assert call_store.apply([made_call(1), made_call(2)], read_later) == [
        Change(ChangeKind.ADD, call_id(1), made_call(1))
    ]


def test_removals_are_remembered_in_the_database_for_a_number_of_writes(call_store: CallStore) -> None:
    read_version = call_store.version
    call_store.remove([CALL.id], read_version)
    another = CallStore(call_store.engine)

    assert another.apply([CALL], read_version) == []

    with call_store.engine.begin() as connection:
        connection.execute(update(state).values(version=call_store.version + REMOVAL_MEMORY))
    call_store.remove([call_id(2)], call_store.version)

    assert [change.call_id for change in another.apply([CALL], read_version)] == [CALL.id]


# The row version, by which Undo knows whether a call is still as it was left.


def test_a_row_version_belongs_to_one_content_and_is_never_used_again(call_store: CallStore) -> None:
    row_versions = {0}
    for call in (CALL, ARCHIVED, CALL, ARCHIVED):
        call_store.apply([call])
        row_version = call_store.row_version(call)
        assert row_version not in row_versions
        row_versions.add(row_version)

        call_store.apply([call, made_call(2)])
        assert call_store.row_version(call) == row_version

    assert call_store.row_version(CALL) == call_store.row_version(made_call(3)) == 0


# Whose calls they are.


def test_a_server_with_the_calls_of_another_api_is_refused_and_left_alone(postgres: Postgres) -> None:
    call_store = CallStore(open_database(postgres.url))
    call_store.belong_to(OTHER_API)
    call_store.apply([CALL])

    with pytest.raises(DatabaseError) as refused:
        CallStore(call_store.engine).belong_to(API)

    assert str(refused.value).startswith(f"DATABASE_URL holds the calls of {OTHER_API}")
    assert "\n" not in str(refused.value)
    assert call_store.call_ids() == [CALL.id]
    call_store.belong_to(OTHER_API)
    call_store.close()


def test_what_a_file_and_redis_hold_of_another_api_is_cleared_by_one_process_alone(
    redis: RedisServer, sqlite: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "CLEAR_TIMEOUT", 0.1)
    call_store = CallStore(sqlite)
    records, busy = (RedisRecordStore(connect(redis.url)) for _ in range(2))
    services.forget_other_api(records, call_store, API)
    records.put("login:a", b"kept", 60)
    call_store.apply([CALL])

    with busy.lock(services.API_KEY, 0), pytest.raises(StorageBusyError):
        services.forget_other_api(records, call_store, OTHER_API)
    assert records.load("login:a") is not None

    services.forget_other_api(records, call_store, OTHER_API)
    assert records.load("login:a") is None
    assert call_store.call_ids() == []
    records.close()
    busy.close()
