"""The sandbox's list of calls: what changes, arrives and goes."""

from copy import deepcopy
from datetime import UTC, datetime

import pytest

from sandbox.calls import CallList, toggled, with_note
from sandbox.generated import GeneratedCalls

START = datetime(2024, 4, 1, 12, tzinfo=UTC)


@pytest.fixture
def source() -> GeneratedCalls:
    return GeneratedCalls(5, seed=1, started_at=START)


@pytest.fixture
def calls(source: GeneratedCalls) -> CallList:
    return CallList(source)


def ids(calls: CallList) -> list[str]:
    return [call["id"] for call in calls.page(0, len(calls))]


def test_a_page_ends_with_the_list(source: GeneratedCalls, calls: CallList) -> None:
    assert calls.page(3, 10) == [source[3], source[4]]
    assert calls.page(5, 10) == []


def test_a_new_call_comes_first_and_shifts_the_others(source: GeneratedCalls, calls: CallList) -> None:
    others = GeneratedCalls(2, seed=2, started_at=START)
    first, second = others[0], others[1]

    calls.prepend(first)
    calls.prepend(second)

    assert calls.page(0, 3) == [second, first, source[0]]
    assert len(calls) == 7


def test_a_changed_call_keeps_its_place(source: GeneratedCalls, calls: CallList) -> None:
    changed = toggled(source[2])

    calls.put(changed)

    assert calls.get(changed["id"]) == changed
    assert calls.page(2, 1) == [changed]


def test_removed_calls_are_gone_and_the_others_move_up(source: GeneratedCalls, calls: CallList) -> None:
    arrived = GeneratedCalls(1, seed=2, started_at=START)[0]
    calls.prepend(arrived)
    removed = [source[3]["id"], source[0]["id"], arrived["id"]]

    assert [calls.remove(call_id) for call_id in removed] == [True, True, True]

    assert ids(calls) == [source[1]["id"], source[2]["id"], source[4]["id"]]
    assert [calls.get(call_id) for call_id in removed] == [None, None, None]
    assert [calls.remove(call_id) for call_id in removed] == [False, False, False]


def test_a_call_that_changed_and_was_removed_is_gone(source: GeneratedCalls, calls: CallList) -> None:
    calls.put(toggled(source[1]))

    calls.remove(source[1]["id"])

    assert calls.get(source[1]["id"]) is None
    assert source[1]["id"] not in ids(calls)


def test_a_change_makes_a_new_call_and_leaves_the_old_one_alone(source: GeneratedCalls) -> None:
    call = source[0]
    before = deepcopy(call)

    changed = with_note(with_note(toggled(call), "first"), "second")

    assert call == before
    assert changed["is_archived"] is not call["is_archived"]
    assert [note["content"] for note in changed["notes"]][:2] == ["second", "first"]
