"""The mirror: log and feed tell the same story, whoever the news come from."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from aircall.call_log import CallLog
from aircall.errors import AircallError, LoginEndedError, NoAnswerError, NotFoundError
from aircall.feed import ChangeKind, Feed
from aircall.mirror import Mirror
from aircall.models import Call
from tests.support.made_calls import call_id, made_call

CALL = made_call()
ARCHIVED = replace(CALL, is_archived=True)


@pytest.fixture
def mirror(log: CallLog) -> Mirror:
    """A mirror that knows no call yet."""
    return Mirror(log, Feed())


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


def test_news_are_in_the_log_and_in_the_feed_with_their_kinds(mirror: Mirror) -> None:
    start = mirror.feed.position

    mirror.apply(CALL)
    mirror.apply(CALL)
    mirror.merge([ARCHIVED, made_call(2)], mirror.log.version)
    mirror.forget([made_call(2).id], mirror.log.version)

    assert mirror.log.find([call_id(1), call_id(2)]) == [ARCHIVED]
    assert story(mirror, start) == [
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


@pytest.mark.parametrize(("count", "is_followed"), [(100, True), (101, False)])
def test_more_changes_than_a_page_can_follow_begin_a_new_epoch(
    mirror: Mirror, count: int, is_followed: bool
) -> None:
    position = mirror.feed.position

    mirror.merge([made_call(number) for number in range(count)], mirror.log.version)

    entries = mirror.feed.since(position)
    assert (entries is not None and len(entries) == count) is is_followed
    assert len(mirror.log.call_ids()) == count


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
