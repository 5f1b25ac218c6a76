"""The mirror and one call that is read, or changed, at the API."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from aircall.calls.feed import ChangeKind
from aircall.calls.replica import CallReplica
from aircall.errors import AircallError, LoginEndedError, NoResponseError, NotFoundError
from aircall.models import Call
from tests.support.made_calls import made_call

CALL = made_call()
ARCHIVED = replace(CALL, is_archived=True)


def story(replica: CallReplica, since: str) -> list[tuple[ChangeKind, str, Call | None]]:
    """What the feed has told since this position."""
    entries = replica.feed.changes_after(since)
    assert entries is not None
    return [(entry.change.kind, entry.change.call_id, entry.change.call) for entry in entries]


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


def test_a_call_that_is_read_is_taken_over(replica: CallReplica) -> None:
    position = replica.feed.position

    call = replica.read(CALL.id, answering(CALL))

    assert call == CALL
    assert story(replica, position) == [(ChangeKind.ADD, CALL.id, CALL)]


def test_a_call_that_the_api_does_not_know_is_dropped(replica: CallReplica) -> None:
    replica.apply(CALL)
    position = replica.feed.position

    with pytest.raises(NotFoundError):
        replica.read(CALL.id, answering(NotFoundError("There is no such call.")))

    assert story(replica, position) == [(ChangeKind.REMOVE, CALL.id, None)]
    assert replica.store.call_ids() == []


def test_a_call_that_cannot_be_read_stays_as_it_is_known(replica: CallReplica) -> None:
    replica.apply(CALL)

    with pytest.raises(NoResponseError):
        replica.read(CALL.id, answering(NoResponseError("No answer.")))

    assert replica.store.find([CALL.id]) == [CALL]


@pytest.mark.parametrize("answer", [CALL, NotFoundError("There is no such call.")])
def test_news_that_come_while_a_call_is_read_are_newer_than_what_is_read(
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


def test_the_answer_to_a_change_is_taken_over_without_another_question(replica: CallReplica) -> None:
    replica.apply(CALL)

    replica.settle(ARCHIVED, replica.store.version, answering())

    assert replica.store.find([CALL.id]) == [ARCHIVED]


def test_the_answer_to_a_change_whose_event_came_first_needs_no_other_question(replica: CallReplica) -> None:
    replica.apply(CALL)
    read_version = replica.store.version
    replica.apply(ARCHIVED)

    replica.settle(ARCHIVED, read_version, answering())

    assert replica.store.find([CALL.id]) == [ARCHIVED]


def test_news_that_contradict_the_answer_to_a_change_are_settled_by_reading(replica: CallReplica) -> None:
    replica.apply(CALL)
    read_version = replica.store.version
    replica.apply(replace(CALL, direction="outbound"))
    truth = replace(ARCHIVED, direction="outbound")

    replica.settle(ARCHIVED, read_version, answering(truth))

    assert replica.store.find([CALL.id]) == [truth]


@pytest.mark.parametrize("trouble", [NoResponseError("No answer."), LoginEndedError("The login has ended.")])
def test_a_change_that_was_made_is_no_failure_because_it_cannot_be_settled(
    replica: CallReplica, trouble: AircallError
) -> None:
    replica.apply(CALL)
    read_version = replica.store.version
    news = replace(CALL, direction="outbound")
    replica.apply(news)

    replica.settle(ARCHIVED, read_version, answering(trouble))

    assert replica.store.find([CALL.id]) == [news]


def test_a_call_that_vanished_after_its_change_is_dropped(replica: CallReplica) -> None:
    replica.apply(CALL)
    read_version = replica.store.version
    replica.forget([CALL.id], read_version)

    replica.settle(ARCHIVED, read_version, answering(NotFoundError("There is no such call.")))

    assert replica.store.call_ids() == []
