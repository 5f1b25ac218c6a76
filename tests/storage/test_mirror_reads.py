"""The mirror and one call that is read, or changed, at the API."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from aircall.calls.feed import ChangeKind
from aircall.calls.replica import Mirror
from aircall.errors import AircallError, LoginEndedError, NoAnswerError, NotFoundError
from aircall.models import Call
from tests.support.made_calls import made_call

CALL = made_call()
ARCHIVED = replace(CALL, is_archived=True)


def story(mirror: Mirror, since: str) -> list[tuple[ChangeKind, str, Call | None]]:
    """What the feed has told since this position."""
    entries = mirror.feed.since(since)
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


def test_a_call_that_is_read_is_taken_over(mirror: Mirror) -> None:
    position = mirror.feed.position

    call = mirror.read(CALL.id, answering(CALL))

    assert call == CALL
    assert story(mirror, position) == [(ChangeKind.ADD, CALL.id, CALL)]


def test_a_call_that_the_api_does_not_know_is_dropped(mirror: Mirror) -> None:
    mirror.apply(CALL)
    position = mirror.feed.position

    with pytest.raises(NotFoundError):
        mirror.read(CALL.id, answering(NotFoundError("There is no such call.")))

    assert story(mirror, position) == [(ChangeKind.REMOVE, CALL.id, None)]
    assert mirror.log.call_ids() == []


def test_a_call_that_cannot_be_read_stays_as_it_is_known(mirror: Mirror) -> None:
    mirror.apply(CALL)

    with pytest.raises(NoAnswerError):
        mirror.read(CALL.id, answering(NoAnswerError("No answer.")))

    assert mirror.log.find([CALL.id]) == [CALL]


@pytest.mark.parametrize("answer", [CALL, NotFoundError("There is no such call.")])
def test_news_that_come_while_a_call_is_read_are_newer_than_what_is_read(
    mirror: Mirror, answer: Call | AircallError
) -> None:
    mirror.apply(CALL)

    def fetch(asked: str) -> Call:
        mirror.apply(ARCHIVED)
        return answering(answer)(asked)

    try:
        mirror.read(CALL.id, fetch)
    except NotFoundError:
        assert isinstance(answer, NotFoundError)

    assert mirror.log.find([CALL.id]) == [ARCHIVED]


def test_the_answer_to_a_change_is_taken_over_without_another_question(mirror: Mirror) -> None:
    mirror.apply(CALL)

    mirror.settle(ARCHIVED, mirror.log.version, answering())

    assert mirror.log.find([CALL.id]) == [ARCHIVED]


def test_the_answer_to_a_change_whose_event_came_first_needs_no_other_question(mirror: Mirror) -> None:
    mirror.apply(CALL)
    as_of = mirror.log.version
    mirror.apply(ARCHIVED)

    mirror.settle(ARCHIVED, as_of, answering())

    assert mirror.log.find([CALL.id]) == [ARCHIVED]


def test_news_that_contradict_the_answer_to_a_change_are_settled_by_reading(mirror: Mirror) -> None:
    mirror.apply(CALL)
    as_of = mirror.log.version
    mirror.apply(replace(CALL, direction="outbound"))
    truth = replace(ARCHIVED, direction="outbound")

    mirror.settle(ARCHIVED, as_of, answering(truth))

    assert mirror.log.find([CALL.id]) == [truth]


@pytest.mark.parametrize("trouble", [NoAnswerError("No answer."), LoginEndedError("The login has ended.")])
def test_a_change_that_was_made_is_no_failure_because_it_cannot_be_settled(
    mirror: Mirror, trouble: AircallError
) -> None:
    mirror.apply(CALL)
    as_of = mirror.log.version
    news = replace(CALL, direction="outbound")
    mirror.apply(news)

    mirror.settle(ARCHIVED, as_of, answering(trouble))

    assert mirror.log.find([CALL.id]) == [news]


def test_a_call_that_vanished_after_its_change_is_dropped(mirror: Mirror) -> None:
    mirror.apply(CALL)
    as_of = mirror.log.version
    mirror.forget([CALL.id], as_of)

    mirror.settle(ARCHIVED, as_of, answering(NotFoundError("There is no such call.")))

    assert mirror.log.call_ids() == []
