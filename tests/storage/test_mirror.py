"""The mirror: log and feed tell the same story, whoever the news come from."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from aircall.calls.feed import ChangeKind, Entry, Feed
from aircall.calls.replica import Mirror
from aircall.calls.store import FencedError
from aircall.models import Call
from tests.support.made_calls import call_id, made_call

CALL = made_call()
ARCHIVED = replace(CALL, is_archived=True)
# As many changes as a page can follow at once.
MOST = 100


def story(mirror: Mirror, since: str) -> list[tuple[ChangeKind, str, Call | None]]:
    """What the feed has told since this position."""
    entries = mirror.feed.since(since)
    assert entries is not None
    return [what_of(entry) for entry in entries]


def what_of(entry: Entry) -> tuple[ChangeKind, str, Call | None]:
    """What happened to which call, and what it is now."""
    return entry.change.kind, entry.change.call_id, entry.change.call


def test_news_are_in_the_log_and_in_the_feed_with_their_kinds(mirror: Mirror) -> None:
    told: list[tuple[ChangeKind, str, Call | None]] = []
    mirror.feed.subscribe(lambda entry: told.append(what_of(entry)), lambda _: None)

    mirror.apply(CALL)
    mirror.apply(CALL)
    mirror.merge([ARCHIVED, made_call(2)], mirror.log.version)
    mirror.forget([made_call(2).id], mirror.log.version)

    assert mirror.log.find([call_id(1), call_id(2)]) == [ARCHIVED]
    assert told == [
        (ChangeKind.ADD, CALL.id, CALL),
        (ChangeKind.UPDATE, CALL.id, ARCHIVED),
        (ChangeKind.ADD, call_id(2), made_call(2)),
        (ChangeKind.REMOVE, call_id(2), None),
    ]


def test_a_change_is_in_the_log_when_it_is_told(mirror: Mirror) -> None:
    known: list[list[Call]] = []
    mirror.feed.subscribe(lambda entry: known.append(mirror.log.find([entry.change.call_id])), lambda _: None)

    mirror.apply(CALL)
    mirror.apply(ARCHIVED)

    assert known == [[CALL], [ARCHIVED]]


def test_a_reading_that_is_older_than_the_news_is_told_to_nobody(mirror: Mirror) -> None:
    as_of = mirror.log.version
    mirror.apply(ARCHIVED)
    position = mirror.feed.position

    mirror.merge([CALL], as_of)
    mirror.forget([CALL.id], as_of)

    assert story(mirror, position) == []
    assert mirror.log.find([CALL.id]) == [ARCHIVED]


def test_what_the_mirror_is_filled_with_is_told_to_nobody_and_gets_over_nothing_newer(mirror: Mirror) -> None:
    as_of = mirror.log.version
    mirror.apply(ARCHIVED)
    position = mirror.feed.position

    mirror.fill([CALL, made_call(2)], as_of)

    assert story(mirror, position) == []
    assert mirror.log.find([CALL.id]) == [ARCHIVED]
    assert mirror.log.find([call_id(2)]) == [made_call(2)]


def test_of_a_call_that_was_removed_twice_the_latest_counts(mirror: Mirror) -> None:
    mirror.forget([call_id(0), call_id(1)], mirror.log.version)
    as_of = mirror.log.version

    mirror.forget([call_id(0)], as_of)
    mirror.merge([made_call(0), made_call(1)], as_of)

    assert mirror.log.call_ids() == [call_id(1)]


def test_who_has_lost_the_events_to_another_writes_down_none_and_tells_none(mirror: Mirror) -> None:
    mirror.take_over()
    mirror.apply(CALL)
    another = Mirror(mirror.log, Feed())
    another.take_over()
    position = mirror.feed.position

    with pytest.raises(FencedError):
        mirror.apply(ARCHIVED)

    assert story(mirror, position) == []
    assert mirror.log.find([CALL.id]) == [CALL]

    another.apply(ARCHIVED)

    assert mirror.log.find([CALL.id]) == [ARCHIVED]


def test_as_many_changes_as_a_page_can_follow_are_told_one_by_one(mirror: Mirror) -> None:
    position = mirror.feed.position

    mirror.merge([made_call(number) for number in range(MOST)], mirror.log.version)

    assert [told_id for _, told_id, _ in story(mirror, position)] == [call_id(n) for n in range(MOST)]


def test_more_changes_than_a_page_can_follow_are_told_as_a_new_epoch_alone(mirror: Mirror) -> None:
    position = mirror.feed.position
    told: list[str] = []
    mirror.feed.subscribe(lambda entry: told.append(entry.position), told.append)

    mirror.merge([made_call(number) for number in range(MOST + 1)], mirror.log.version)

    assert told == [mirror.feed.position]
    assert mirror.feed.since(position) is None
    assert len(mirror.log.call_ids()) == MOST + 1


def test_many_who_write_at_once_leave_log_and_feed_in_agreement(mirror: Mirror) -> None:
    position = mirror.feed.position
    start = threading.Barrier(4)

    def write(seed: int) -> None:
        order = random.Random(seed)  # noqa: S311 - no secret
        start.wait(10)
        for _ in range(40):
            call = made_call(order.randrange(3), is_archived=order.random() < 0.5)
            if order.random() < 0.2:
                mirror.forget([call.id], mirror.log.version)
            else:
                mirror.apply(call)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    retold: dict[str, Call | None] = {}
    for _, told_id, call in story(mirror, position):
        retold[told_id] = call
    known = mirror.log.find([call_id(number) for number in range(3)])
    assert {call.id: call for call in known} == {name: call for name, call in retold.items() if call}
