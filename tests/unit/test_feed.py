"""The change feed gives every change after a position, or says that it cannot."""

import weakref
from threading import Thread

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from aircall.calls.feed import Change, ChangeFeed, ChangeKind
from aircall.models import Call
from tests.support.made_calls import call_id, made_call

ADD, UPDATE, REMOVE = ChangeKind.ADD, ChangeKind.UPDATE, ChangeKind.REMOVE


def change(number: int) -> Change:
    call = made_call(number)
    return Change(UPDATE, call.id, call)


def filled(count: int) -> tuple[ChangeFeed, list[str]]:
    """A feed with this many changes, and its position before the first and after each."""
    feed = ChangeFeed()
    return feed, [feed.position] + [feed.append(change(number)).position for number in range(count)]


@given(
    numbers=st.lists(st.integers(0, 4), max_size=25),
    length=st.integers(1, 12),
    back=st.integers(0, 12),
    is_new_epoch=st.booleans(),
)
def test_a_position_is_answered_by_the_latest_state_of_each_changed_call_in_order_or_not_at_all(
    numbers: list[int], length: int, back: int, is_new_epoch: bool
) -> None:
    feed = ChangeFeed(length)
    start = feed.position
    entries = [feed.append(change(number)) for number in numbers]
    begin = max(0, len(entries) - back)
    missed = entries[begin:]
    if is_new_epoch:
        feed.begin_epoch()

    answer = feed.changes_after(entries[begin - 1].position if begin else start)

    latest = {entry.change.call_id: entry for entry in missed}
    is_known = len(missed) <= length and not is_new_epoch
    assert answer == (sorted(latest.values(), key=missed.index) if is_known else None)


def test_a_new_epoch_forgets_what_was_before_it_and_repeats_no_position() -> None:
    feed, positions = filled(3)

    feed.begin_epoch()
    begun_at = feed.position
    again = [begun_at, *(feed.append(change(number)).position for number in (7, 8))]

    entries = feed.changes_after(begun_at) or []
    assert [entry.change.call_id for entry in entries] == [call_id(7), call_id(8)]
    assert len({*positions, *again}) == 7


def test_a_position_that_was_never_given_out_is_unknown() -> None:
    feed, positions = filled(3)
    epoch = positions[0].partition(".")[0]

    for end in ("", ".", ".x", ".-1", ".4", ".1.1", ".²", ".٣", "." + "9" * 5000, ". 1", ".1 "):
        assert feed.changes_after(epoch + end) is None, end
    assert feed.changes_after(filled(3)[1][0]) is None


@given(st.text())
def test_any_text_is_accepted_as_a_position(text: str) -> None:
    assert ChangeFeed().changes_after(text) is None


def test_subscribers_get_every_change_and_epoch_in_order_after_the_feed_has_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    feed, told, stands_at = ChangeFeed(), list[str](), list[str]()

    def fail(_: object) -> None:
        raise ValueError("a note")

    feed.subscribe(fail, fail)
    feed.subscribe(lambda entry: told.append(entry.position), told.append)
    feed.subscribe(lambda _: stands_at.append(feed.position), lambda _: stands_at.append(feed.position))

    positions = [feed.append(change(1)).position]
    feed.begin_epoch()
    positions += [feed.position, feed.append(change(2)).position]

    assert told == stands_at == positions
    # A subscriber that fails does not reach the others, and its message is not logged.
    assert caplog.text.count("A callback failed: ValueError") == 3
    assert "a note" not in caplog.text


def test_nothing_is_added_while_the_feed_is_paused() -> None:
    feed, _ = filled(1)
    adding = Thread(target=lambda: feed.append(change(2)))

    with feed.paused():
        adding.start()
        adding.join(0.05)
        entries = feed.changes_after(feed.position)
        assert adding.is_alive()
    adding.join()

    assert entries == []


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
def test_several_changes_of_a_call_are_merged_with_the_kind_for_a_page_that_saw_none(
    kinds: list[ChangeKind], kind: ChangeKind
) -> None:
    feed, call = ChangeFeed(), made_call(1)
    start = feed.position
    entries = [feed.append(Change(each, call.id, None if each is REMOVE else call)) for each in kinds]

    merged = feed.changes_after(start) or []

    assert [(entry.change.kind, entry.change.call, entry.position) for entry in merged] == [
        (kind, entries[-1].change.call, feed.position)
    ]


class ReferencedCall(Call, frozen=True, weakref=True, gc=True):
    pass


def test_a_state_that_cannot_be_asked_for_is_not_kept_in_memory() -> None:
    feed, states = ChangeFeed(2), list[weakref.ref[Call]]()

    for number in (1, 1, 2, 3):
        call = ReferencedCall(**msgspec.structs.asdict(made_call(number)))
        feed.append(Change(UPDATE, call.id, call))
        states.append(weakref.ref(call))
    del call

    assert [state() is not None for state in states] == [False, False, True, True]


def test_each_epoch_is_counted() -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("callboard_feed_epochs_total") or 0.0

    before = counted()

    ChangeFeed().begin_epoch()

    assert counted() == before + 1
