"""Readings that come late, and calls that are gone: nothing old gets over what is newer."""

from datetime import UTC, datetime

from msgspec.structs import replace
from sqlalchemy import update

from aircall.calls.feed import Change, ChangeKind
from aircall.calls.store import REMOVAL_MEMORY, CallStore
from aircall.calls.tables import state as table
from aircall.models import Call
from tests.support.made_calls import call_id, made_call


def state(log: CallStore, number: int = 1) -> Call | None:
    """What the log knows of the call with this number."""
    return next(iter(log.find([call_id(number)])), None)


def test_a_reading_does_not_put_an_old_state_over_what_was_written_since(log: CallStore) -> None:
    old = made_call()
    log.apply([old])
    read_version = log.version
    new = replace(old, is_archived=True)
    log.apply([new])

    assert log.apply([old], read_version) == []
    assert state(log) == new


def test_news_that_say_what_is_known_are_newer_than_a_reading_under_way_all_the_same(log: CallStore) -> None:
    call = made_call()
    log.apply([call])
    read_version = log.version
    log.apply([call])

    assert log.apply([replace(call, is_archived=True)], read_version) == []
    assert state(log) == call


def test_a_reading_is_taken_over_where_nothing_was_written_since(log: CallStore) -> None:
    log.apply([made_call(1), made_call(2)])
    read_version = log.version
    log.apply([made_call(1)])
    read = [replace(made_call(number), is_archived=True) for number in (1, 2, 3)]

    changes = log.apply(read, read_version)

    assert [(change.kind, change.call_id) for change in changes] == [
        (ChangeKind.UPDATE, call_id(2)),
        (ChangeKind.ADD, call_id(3)),
    ]


def test_calls_are_removed_and_the_answer_tells_which(log: CallStore) -> None:
    log.apply([made_call(1), made_call(2)])

    changes = log.remove([call_id(2), call_id(3)], log.version)

    assert changes == [Change(ChangeKind.REMOVE, call_id(2), None)]
    assert log.find(log.call_ids()) == [made_call(1)]


def test_a_call_that_was_written_since_is_not_removed(log: CallStore) -> None:
    log.apply([made_call(1)])
    read_version = log.version
    log.apply([made_call(1)])

    assert log.remove([call_id(1)], read_version) == []
    assert state(log) == made_call(1)


def test_a_reading_does_not_bring_back_what_was_removed_since(log: CallStore) -> None:
    log.apply([made_call(1)])
    read_version = log.version
    log.remove([call_id(1), call_id(2)], read_version)

    assert log.apply([made_call(1), made_call(2)], read_version) == []
    assert log.call_ids() == []


def test_a_removed_call_comes_back_when_it_is_read_again_or_announced(log: CallStore) -> None:
    log.apply([made_call(1), made_call(2)])
    log.remove([call_id(1), call_id(2)], log.version)

    log.apply([made_call(1)], log.version)
    log.apply([made_call(2)])

    assert sorted(log.call_ids()) == [call_id(1), call_id(2)]


def test_a_removal_is_remembered_in_the_database_and_for_so_many_writes_only(log: CallStore) -> None:
    read_version = log.version
    log.remove([call_id(1)], read_version)
    another = CallStore(log.engine)

    assert another.apply([made_call(1)], read_version) == []

    with log.engine.begin() as connection:
        connection.execute(update(table).values(version=log.version + REMOVAL_MEMORY))
    log.remove([call_id(2)], log.version)

    assert [change.call_id for change in another.apply([made_call(1)], read_version)] == [call_id(1)]


def test_the_list_was_last_read_when_the_latest_reading_began_whichever_ended_last(log: CallStore) -> None:
    earlier, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)

    log.mark_synced(later)
    log.mark_synced(earlier)

    assert log.synced_at == later


def test_of_a_call_that_is_there_twice_the_last_state_counts(log: CallStore) -> None:
    old, new = made_call(1), made_call(1, is_archived=True)

    added = log.apply([old, made_call(2), new])
    updated = log.apply([old, old], log.version)

    assert [(change.kind, change.call) for change in added] == [
        (ChangeKind.ADD, new),
        (ChangeKind.ADD, made_call(2)),
    ]
    assert [(change.kind, change.call) for change in updated] == [(ChangeKind.UPDATE, old)]
    assert state(log) == old
