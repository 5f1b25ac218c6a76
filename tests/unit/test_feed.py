"""The feed: what came after a position, or the honest answer that it is not known any more."""

import weakref
from threading import Thread

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.calls.feed import Change, ChangeFeed, ChangeKind, FeedEntry
from aircall.models import Call
from tests.support.made_calls import call_id, made_call


def change(number: int) -> Change:
    call = made_call(number)
    return Change(ChangeKind.UPDATE, call.id, call)


def filled(count: int, *, length: int = 1000) -> tuple[ChangeFeed, list[str]]:
    """A feed with this many changes, and its position before the first and after each."""
    feed = ChangeFeed(length)
    return feed, [feed.position] + [feed.append(change(number)).position for number in range(count)]


def numbers(entries: list[FeedEntry] | None) -> list[str] | None:
    return None if entries is None else [entry.change.call_id for entry in entries]


def test_nothing_came_after_the_newest_position() -> None:
    feed, positions = filled(3)

    assert feed.position == positions[-1]
    assert feed.changes_after(feed.position) == []


def test_what_came_after_a_position_is_told_in_order_each_with_its_own_position() -> None:
    feed, positions = filled(5)

    entries = feed.changes_after(positions[2])

    assert numbers(entries) == [call_id(2), call_id(3), call_id(4)]
    assert [entry.position for entry in entries or ()] == positions[3:]


@given(count=st.integers(0, 12), length=st.integers(1, 12), back=st.integers(0, 12), epochs=st.integers(0, 1))
def test_a_position_is_answered_in_full_or_not_at_all(
    count: int, length: int, back: int, epochs: int
) -> None:
    feed, positions = filled(count, length=length)
    back = min(back, count)
    for _ in range(epochs):
        feed.begin_epoch()

    answer = numbers(feed.changes_after(positions[count - back]))

    is_known = back <= length and not epochs
    assert answer == ([call_id(number) for number in range(count - back, count)] if is_known else None)


def test_no_two_positions_are_equal_not_even_in_different_epochs() -> None:
    feed, positions = filled(3)
    feed.begin_epoch()
    again = [feed.position, *(feed.append(change(number)).position for number in range(3))]

    assert len({*positions, *again}) == 8


def test_a_new_epoch_forgets_what_was_before_it() -> None:
    feed, _ = filled(3)

    feed.begin_epoch()
    begun_at = feed.position
    feed.append(change(7))

    assert numbers(feed.changes_after(begun_at)) == [call_id(7)]


def test_another_feeds_positions_are_worth_nothing() -> None:
    _, foreign = filled(3)
    feed, _ = filled(3)

    assert [feed.changes_after(position) for position in foreign] == [None] * 4


@pytest.mark.parametrize(
    "end", ["", ".", ".x", ".-1", ".4", ".1.1", ".²", ".٣", "." + "9" * 5000, ". 1", ".1 "]
)
def test_a_position_that_was_never_given_out_is_not_known(end: str) -> None:
    feed, positions = filled(3)
    epoch = positions[0].partition(".")[0]

    assert feed.changes_after(epoch + end) is None


@given(st.text())
def test_any_text_may_come_as_a_position(text: str) -> None:
    feed, _ = filled(3)

    assert feed.changes_after(text) is None


def test_subscribers_hear_every_change_and_every_epoch_in_order() -> None:
    feed, told = ChangeFeed(), []
    feed.subscribe(lambda entry: told.append(entry.position), told.append)

    first = feed.append(change(1)).position
    feed.begin_epoch()
    epoch = feed.position
    second = feed.append(change(2)).position

    assert told == [first, epoch, second]


def test_a_change_is_in_the_feed_already_when_it_is_told() -> None:
    feed = ChangeFeed()
    stands_at: list[str] = []
    feed.subscribe(lambda _: stands_at.append(feed.position), lambda _: stands_at.append(feed.position))

    positions = [feed.append(change(1)).position]
    feed.begin_epoch()

    assert stands_at == [*positions, feed.position]


def test_a_subscriber_that_fails_costs_the_others_nothing(caplog: pytest.LogCaptureFixture) -> None:
    feed, told = ChangeFeed(), []

    def fail(_: object) -> None:
        raise ValueError("a note")

    feed.subscribe(fail, fail)
    feed.subscribe(lambda entry: told.append(entry.position), told.append)

    first = feed.append(change(1)).position
    feed.begin_epoch()
    epoch = feed.position

    assert told == [first, epoch]
    assert caplog.text.count("A callback failed: ValueError") == 2
    assert "a note" not in caplog.text


def test_nothing_is_added_while_the_feed_is_held() -> None:
    feed, _ = filled(1)
    adding = Thread(target=lambda: feed.append(change(2)))

    with feed.paused():
        adding.start()
        adding.join(0.05)
        entries = feed.changes_after(feed.position)
        assert adding.is_alive()
    adding.join()

    assert entries == []


ADD, UPDATE, REMOVE = ChangeKind.ADD, ChangeKind.UPDATE, ChangeKind.REMOVE


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [
        ([UPDATE, UPDATE], UPDATE),
        ([ADD, UPDATE], ADD),
        ([UPDATE, REMOVE], REMOVE),
        ([ADD, REMOVE], REMOVE),
        # A page that shows the call has nothing to add.
        ([REMOVE, ADD], UPDATE),
        ([UPDATE, REMOVE, ADD, UPDATE], UPDATE),
        ([ADD, REMOVE, ADD], ADD),
    ],
)
def test_of_several_changes_of_a_call_the_last_is_told_as_what_it_is_for_who_saw_none(
    kinds: list[ChangeKind], kind: ChangeKind
) -> None:
    feed, call = ChangeFeed(), made_call(1)
    start = feed.position
    entries = [feed.append(Change(each, call.id, None if each is REMOVE else call)) for each in kinds]

    only = feed.changes_after(start) or []

    assert [(entry.change.kind, entry.change.call, entry.position) for entry in only] == [
        (kind, entries[-1].change.call, feed.position)
    ]


def test_what_is_left_of_several_calls_changes_keeps_its_order() -> None:
    feed = ChangeFeed()
    start = feed.position
    entries = [feed.append(change(number)) for number in (1, 2, 1, 3, 2)]

    assert feed.changes_after(start) == [entries[2], entries[3], entries[4]]


@given(numbers=st.lists(st.integers(0, 4), max_size=25), length=st.integers(1, 6), back=st.integers(0, 6))
def test_whatever_changes_how_often_the_last_state_of_each_call_is_told(
    numbers: list[int], length: int, back: int
) -> None:
    feed = ChangeFeed(length)
    entries = [feed.append(change(number)) for number in numbers]
    back = min(back, length, len(entries))

    told = feed.changes_after(f"{feed.position.partition('.')[0]}.{len(entries) - back}")

    missed = entries[len(entries) - back :]
    last = {entry.change.call_id: entry for entry in missed}
    assert told == sorted(last.values(), key=missed.index)


class Watched(Call, frozen=True, weakref=True):
    """A call of which can be told whether anybody still keeps it."""


def test_no_state_of_a_call_is_kept_that_nobody_can_ask_for() -> None:
    feed = ChangeFeed(2)

    def add(number: int) -> weakref.ref[Call]:
        call = Watched(**msgspec.structs.asdict(made_call(number)))
        feed.append(Change(UPDATE, call.id, call))
        return weakref.ref(call)

    first, second, other = add(1), add(1), add(2)
    assert first() is None
    assert second() is not None

    add(3)
    assert second() is None
    assert other() is not None
