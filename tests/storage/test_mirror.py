"""The mirror: log and feed tell the same story, whoever the news come from."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from aircall.calls.feed import ChangeFeed, ChangeKind, FeedEntry
from aircall.calls.replica import CallReplica
from aircall.calls.store import FencedError
from aircall.models import Call
from tests.support.made_calls import call_id, made_call

CALL = made_call()
ARCHIVED = replace(CALL, is_archived=True)
# As many changes as a page can follow at once.
MOST = 100


def story(replica: CallReplica, since: str) -> list[tuple[ChangeKind, str, Call | None]]:
    """What the feed has told since this position."""
    entries = replica.feed.changes_after(since)
    assert entries is not None
    return [what_of(entry) for entry in entries]


def what_of(entry: FeedEntry) -> tuple[ChangeKind, str, Call | None]:
    """What happened to which call, and what it is now."""
    return entry.change.kind, entry.change.call_id, entry.change.call


def test_news_are_in_the_log_and_in_the_feed_with_their_kinds(replica: CallReplica) -> None:
    told: list[tuple[ChangeKind, str, Call | None]] = []
    replica.feed.subscribe(lambda entry: told.append(what_of(entry)), lambda _: None)

    replica.apply(CALL)
    replica.apply(CALL)
    replica.merge([ARCHIVED, made_call(2)], replica.store.version)
    replica.forget([made_call(2).id], replica.store.version)

    assert replica.store.find([call_id(1), call_id(2)]) == [ARCHIVED]
    assert told == [
        (ChangeKind.ADD, CALL.id, CALL),
        (ChangeKind.UPDATE, CALL.id, ARCHIVED),
        (ChangeKind.ADD, call_id(2), made_call(2)),
        (ChangeKind.REMOVE, call_id(2), None),
    ]


def test_a_change_is_in_the_log_when_it_is_told(replica: CallReplica) -> None:
    known: list[list[Call]] = []
    replica.feed.subscribe(
        lambda entry: known.append(replica.store.find([entry.change.call_id])), lambda _: None
    )

    replica.apply(CALL)
    replica.apply(ARCHIVED)

    assert known == [[CALL], [ARCHIVED]]


def test_a_reading_that_is_older_than_the_news_is_told_to_nobody(replica: CallReplica) -> None:
    read_version = replica.store.version
    replica.apply(ARCHIVED)
    position = replica.feed.position

    replica.merge([CALL], read_version)
    replica.forget([CALL.id], read_version)

    assert story(replica, position) == []
    assert replica.store.find([CALL.id]) == [ARCHIVED]


def test_what_the_mirror_is_filled_with_is_told_to_nobody_and_gets_over_nothing_newer(
    replica: CallReplica,
) -> None:
    read_version = replica.store.version
    replica.apply(ARCHIVED)
    position = replica.feed.position

    replica.fill([CALL, made_call(2)], read_version)

    assert story(replica, position) == []
    assert replica.store.find([CALL.id]) == [ARCHIVED]
    assert replica.store.find([call_id(2)]) == [made_call(2)]


def test_of_a_call_that_was_removed_twice_the_latest_counts(replica: CallReplica) -> None:
    replica.forget([call_id(0), call_id(1)], replica.store.version)
    read_version = replica.store.version

    replica.forget([call_id(0)], read_version)
    replica.merge([made_call(0), made_call(1)], read_version)

    assert replica.store.call_ids() == [call_id(1)]


def test_who_has_lost_the_events_to_another_writes_down_none_and_tells_none(replica: CallReplica) -> None:
    replica.acquire_fence()
    replica.apply(CALL)
    another = CallReplica(replica.store, ChangeFeed())
    another.acquire_fence()
    position = replica.feed.position

    with pytest.raises(FencedError):
        replica.apply(ARCHIVED)

    assert story(replica, position) == []
    assert replica.store.find([CALL.id]) == [CALL]

    another.apply(ARCHIVED)

    assert replica.store.find([CALL.id]) == [ARCHIVED]


def test_as_many_changes_as_a_page_can_follow_are_told_one_by_one(replica: CallReplica) -> None:
    position = replica.feed.position

    replica.merge([made_call(number) for number in range(MOST)], replica.store.version)

    assert [told_id for _, told_id, _ in story(replica, position)] == [call_id(n) for n in range(MOST)]


def test_more_changes_than_a_page_can_follow_are_told_as_a_new_epoch_alone(replica: CallReplica) -> None:
    position = replica.feed.position
    told: list[str] = []
    replica.feed.subscribe(lambda entry: told.append(entry.position), told.append)

    replica.merge([made_call(number) for number in range(MOST + 1)], replica.store.version)

    assert told == [replica.feed.position]
    assert replica.feed.changes_after(position) is None
    assert len(replica.store.call_ids()) == MOST + 1


def test_many_who_write_at_once_leave_log_and_feed_in_agreement(replica: CallReplica) -> None:
    position = replica.feed.position
    start = threading.Barrier(4)

    def write(seed: int) -> None:
        order = random.Random(seed)  # noqa: S311 - no secret
        start.wait(10)
        for _ in range(40):
            call = made_call(order.randrange(3), is_archived=order.random() < 0.5)
            if order.random() < 0.2:
                replica.forget([call.id], replica.store.version)
            else:
                replica.apply(call)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    retold: dict[str, Call | None] = {}
    for _, told_id, call in story(replica, position):
        retold[told_id] = call
    known = replica.store.find([call_id(number) for number in range(3)])
    assert {call.id: call for call in known} == {name: call for name, call in retold.items() if call}
