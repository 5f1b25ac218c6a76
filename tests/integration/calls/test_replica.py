"""The replica: call store and change feed agree, whichever source a call comes from."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from aircall.calls.feed import BURST_LIMIT, ChangeFeed, ChangeKind, FeedEntry
from aircall.calls.replica import CallReplica
from aircall.calls.store import FencedError
from aircall.errors import AircallError, LoginEndedError, NoResponseError, NotFoundError
from aircall.models import Call
from tests.support.made_calls import call_id, made_call

CALL = made_call()
ARCHIVED = replace(CALL, is_archived=True)
OUTBOUND = replace(CALL, direction="outbound")
BOTH = replace(ARCHIVED, direction="outbound")
NOT_FOUND, NO_ANSWER = NotFoundError("There is no such call."), NoResponseError("No answer.")

Published = tuple[ChangeKind, str, Call | None]


def published(entry: FeedEntry) -> Published:
    return entry.change.kind, entry.change.call_id, entry.change.call


def published_since(replica: CallReplica, position: str) -> list[Published]:
    entries = replica.feed.changes_after(position)
    assert entries is not None
    return [published(entry) for entry in entries]


def answering(*answers: Call | AircallError) -> Callable[[str], Call]:
    """An API that gives these answers, one after the other, and no more."""
    left = iter(answers)

    def fetch(asked: str) -> Call:
        answer = next(left)
        if isinstance(answer, AircallError):
            raise answer
        assert answer.id == asked
        return answer

    return fetch


def test_changes_are_stored_before_they_are_published(replica: CallReplica) -> None:
    seen: list[tuple[Published, list[Call]]] = []
    replica.feed.subscribe(
        lambda entry: seen.append((published(entry), replica.store.find([entry.change.call_id]))),
        lambda _: None,
    )

    replica.apply(CALL)
    replica.apply(CALL)
    replica.merge([ARCHIVED, made_call(2)], replica.store.version)
    replica.forget([made_call(2).id], replica.store.version)

    assert seen == [
        ((ChangeKind.ADD, CALL.id, CALL), [CALL]),
        ((ChangeKind.UPDATE, CALL.id, ARCHIVED), [ARCHIVED]),
        ((ChangeKind.ADD, call_id(2), made_call(2)), [made_call(2)]),
        ((ChangeKind.REMOVE, call_id(2), None), []),
    ]


def test_nothing_that_was_read_before_an_event_or_filled_in_is_published(replica: CallReplica) -> None:
    read_version = replica.store.version
    replica.apply(ARCHIVED)
    position = replica.feed.position

    replica.merge([CALL], read_version)
    replica.fill([CALL, made_call(2)], read_version)
    replica.forget([CALL.id], read_version)

    assert published_since(replica, position) == []
    assert replica.store.find([CALL.id, call_id(2)]) == [made_call(2), ARCHIVED]


def test_a_deposed_leader_neither_stores_nor_publishes_an_event(replica: CallReplica) -> None:
    replica.acquire_fence()
    replica.apply(CALL)
    another = CallReplica(replica.store, ChangeFeed())
    another.acquire_fence()
    position = replica.feed.position

    with pytest.raises(FencedError):
        replica.apply(ARCHIVED)

    assert published_since(replica, position) == []
    assert replica.store.find([CALL.id]) == [CALL]

    another.apply(ARCHIVED)

    assert replica.store.find([CALL.id]) == [ARCHIVED]


def test_a_burst_is_published_as_a_new_epoch_alone(replica: CallReplica) -> None:
    position = replica.feed.position
    replica.merge([made_call(number) for number in range(BURST_LIMIT)], replica.store.version)

    assert [name for _, name, _ in published_since(replica, position)] == [
        call_id(number) for number in range(BURST_LIMIT)
    ]

    told: list[str] = []
    replica.feed.subscribe(lambda entry: told.append(entry.position), told.append)
    more = [made_call(number, is_archived=True) for number in range(BURST_LIMIT + 1)]
    replica.merge(more, replica.store.version)

    assert told == [replica.feed.position]
    assert replica.feed.changes_after(position) is None
    assert len(replica.store.call_ids()) == BURST_LIMIT + 1


def test_concurrent_writers_leave_store_and_feed_in_agreement(replica: CallReplica) -> None:
    position = replica.feed.position
    start = threading.Barrier(4)

    def write(seed: int) -> None:
        drawn = random.Random(seed)  # noqa: S311 - no secret
        start.wait(10)
        for _ in range(40):
            call = made_call(drawn.randrange(3), is_archived=drawn.random() < 0.5)
            if drawn.random() < 0.2:
                replica.forget([call.id], replica.store.version)
            else:
                replica.apply(call)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    latest = {name: call for _, name, call in published_since(replica, position)}
    stored = replica.store.find([call_id(number) for number in range(3)])
    assert {call.id: call for call in stored} == {name: call for name, call in latest.items() if call}


# One call, read or changed at the API.


def test_a_call_that_is_read_is_stored_and_is_removed_if_the_api_does_not_know_it(
    replica: CallReplica,
) -> None:
    position = replica.feed.position

    assert replica.read(CALL.id, answering(CALL)) == CALL
    with pytest.raises(NoResponseError):
        replica.read(CALL.id, answering(NO_ANSWER))
    assert replica.store.find([CALL.id]) == [CALL]
    assert published_since(replica, position) == [(ChangeKind.ADD, CALL.id, CALL)]

    with pytest.raises(NotFoundError):
        replica.read(CALL.id, answering(NOT_FOUND))
    assert replica.store.call_ids() == []
    assert published_since(replica, position) == [(ChangeKind.REMOVE, CALL.id, None)]


def test_reading_a_call_that_has_not_changed_writes_nothing(replica: CallReplica) -> None:
    replica.apply(CALL)
    before = replica.store.version

    replica.read(CALL.id, answering(CALL))
    assert replica.store.version == before

    replica.read(CALL.id, answering(ARCHIVED))
    assert replica.store.find([CALL.id]) == [ARCHIVED]


@pytest.mark.parametrize("answer", [CALL, NOT_FOUND])
def test_an_event_during_a_read_is_newer_than_what_is_read(
    replica: CallReplica, answer: Call | AircallError
) -> None:
    replica.apply(CALL)

    def fetch(asked: str) -> Call:
        replica.apply(ARCHIVED)
        return answering(answer)(asked)

    try:
        replica.read(CALL.id, fetch)
    except NotFoundError:
        assert isinstance(answer, NotFoundError)

    assert replica.store.find([CALL.id]) == [ARCHIVED]


@pytest.mark.parametrize(
    ("meanwhile", "answers", "stored"),
    [
        # Without another request, unless an event contradicts the response.
        (lambda _: None, [], [ARCHIVED]),
        (lambda replica: replica.apply(ARCHIVED), [], [ARCHIVED]),
        (lambda replica: replica.apply(OUTBOUND), [BOTH], [BOTH]),
        # The change was made, so that it has not failed because the call cannot be read again.
        (lambda replica: replica.apply(OUTBOUND), [NO_ANSWER], [OUTBOUND]),
        (lambda replica: replica.apply(OUTBOUND), [LoginEndedError("Over.")], [OUTBOUND]),
        (lambda replica: replica.forget([CALL.id], replica.store.version), [NOT_FOUND], []),
    ],
)
def test_the_response_to_a_change_is_stored_and_a_contradiction_resolved_by_a_read(
    replica: CallReplica,
    meanwhile: Callable[[CallReplica], None],
    answers: list[Call | AircallError],
    stored: list[Call],
) -> None:
    replica.apply(CALL)
    read_version = replica.store.version
    meanwhile(replica)

    replica.merge_response(ARCHIVED, read_version, answering(*answers))

    assert replica.store.find([CALL.id]) == stored
