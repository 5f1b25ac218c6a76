"""The recorded calls, and how they are moved in time."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.recorded import RECORDING, RecordedCalls

START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
KEYS = [
    "id",
    "duration",
    "is_archived",
    "from",
    "to",
    "direction",
    "call_type",
    "via",
    "created_at",
    "notes",
]


@pytest.fixture
def recording() -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = json.loads(RECORDING.read_text(encoding="utf-8"))
    return calls


@pytest.fixture
def calls() -> RecordedCalls:
    return RecordedCalls(START)


def listed(calls: RecordedCalls) -> list[dict[str, Any]]:
    return [dict(calls[index]) for index in range(len(calls))]


def instants(calls: list[dict[str, Any]]) -> list[datetime]:
    return [datetime.fromisoformat(call["created_at"]) for call in calls]


def test_all_94_calls_keep_their_order_their_ten_keys_and_everything_but_their_time(
    recording: list[dict[str, Any]], calls: RecordedCalls
) -> None:
    moved = listed(calls)

    assert len(moved) == 94
    assert all(list(call) == KEYS for call in moved)
    assert [{**call, "created_at": None} for call in moved] == [
        {**call, "created_at": None} for call in recording
    ]


def test_the_newest_is_three_minutes_old_and_all_lie_within_a_week(calls: RecordedCalls) -> None:
    times = instants(listed(calls))

    assert max(times) == START - timedelta(minutes=3)
    assert min(times) > START - timedelta(days=7, minutes=3)


def test_each_call_stays_as_far_from_the_newest_as_it_was_modulo_a_week(
    recording: list[dict[str, Any]], calls: RecordedCalls
) -> None:
    before, after = instants(recording), instants(listed(calls))

    distances = [max(before) - instant for instant in before]

    assert [max(after) - instant for instant in after] == [
        distance % timedelta(days=7) for distance in distances
    ]


def test_the_list_is_in_no_order_of_time(calls: RecordedCalls) -> None:
    times = instants(listed(calls))

    assert times not in (sorted(times), sorted(times, reverse=True))


def test_a_call_is_found_by_its_id(calls: RecordedCalls) -> None:
    assert calls.index_of(calls[17]["id"]) == 17
    assert calls.index_of("00000000-0000-4000-8000-000000000000") is None
