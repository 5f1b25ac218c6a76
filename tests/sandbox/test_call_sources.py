"""The generated and the recorded calls."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from sandbox.calls import CALL_TYPES, DIRECTIONS, CallJson, CallList, CallSource
from sandbox.generated import LINE_COUNT, MAX_CALLS, GeneratedCalls
from sandbox.recorded import RECORDING, RecordedCalls

PHONE_NUMBER = re.compile(r"\+33\d{9}")
START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
WEEK = timedelta(days=7)
KEYS = ["id", "duration", "is_archived", "from", "to", "direction", "call_type", "via", "created_at", "notes"]
UNKNOWN = "00000000-0000-4000-8000-000000000000"


class TracingCalls(GeneratedCalls):
    """Records which calls were generated."""

    def __init__(self, count: int) -> None:
        super().__init__(count, seed=1, started_at=START)
        self.generated: list[int] = []

    def __getitem__(self, index: int, /) -> CallJson:
        self.generated.append(index)
        return super().__getitem__(index)


def listed(source: CallSource) -> list[CallJson]:
    return [source[index] for index in range(len(source))]


def generated(seed: int) -> list[CallJson]:
    return listed(GeneratedCalls(5_000, seed, START))


def times(calls: list[Any]) -> list[datetime]:
    return [datetime.fromisoformat(call["created_at"]) for call in calls]


@pytest.fixture(scope="module")
def sample() -> list[CallJson]:
    return generated(seed=1)


@pytest.fixture(scope="module")
def recording() -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = json.loads(RECORDING.read_text(encoding="utf-8"))
    return calls


@pytest.fixture(scope="module")
def recorded() -> list[CallJson]:
    return listed(RecordedCalls(START))


def test_the_same_seed_generates_the_same_calls_and_another_seed_others(sample: list[CallJson]) -> None:
    again, others = generated(seed=1), generated(seed=2)

    assert again == sample
    assert not {call["id"] for call in others} & {call["id"] for call in sample}


def test_a_call_does_not_depend_on_the_number_of_calls(sample: list[CallJson]) -> None:
    assert GeneratedCalls(MAX_CALLS, seed=1, started_at=START)[4_999] == sample[4_999]


def test_a_page_generates_only_its_calls_and_a_lookup_by_id_none() -> None:
    source = TracingCalls(MAX_CALLS)

    page = CallList(source).page(999_990, 100)

    assert [source.index_of(call["id"]) for call in page] == list(range(999_990, MAX_CALLS))
    assert source.generated == list(range(999_990, MAX_CALLS))


@pytest.mark.parametrize(
    "unknown",
    [
        GeneratedCalls(11, seed=1, started_at=START)[10]["id"],
        GeneratedCalls(10, seed=2, started_at=START)[3]["id"],
        UNKNOWN,
        "-1",
        "",
        "null",
    ],
)
def test_an_unknown_id_is_not_found(unknown: str) -> None:
    assert GeneratedCalls(10, seed=1, started_at=START).index_of(unknown) is None


@pytest.mark.parametrize("index", [-1, 10])
def test_an_index_out_of_range_is_an_error(index: int) -> None:
    with pytest.raises(IndexError):
        GeneratedCalls(10, seed=1, started_at=START)[index]


def test_generated_calls_resemble_those_of_a_busy_team(sample: list[CallJson]) -> None:
    callers = Counter(call["from"] for call in sample if call["direction"] == "inbound")

    assert {(call["direction"], call["call_type"]) for call in sample} == {
        (direction, call_type) for direction in DIRECTIONS for call_type in CALL_TYPES
    }
    assert sum(call["is_archived"] for call in sample) / len(sample) == pytest.approx(0.4, abs=0.03)
    assert sum(bool(call["notes"]) for call in sample) / len(sample) == pytest.approx(0.2, abs=0.03)
    assert len({call["via"] for call in sample}) == LINE_COUNT
    assert len(callers) > 1_000
    assert callers.most_common(1)[0][1] > 5


def test_every_generated_call_has_a_unique_uuid_and_plausible_values(sample: list[CallJson]) -> None:
    assert len({call["id"] for call in sample}) == len(sample)
    for call in sample:
        assert list(call) == KEYS
        assert (str(UUID(call["id"])), UUID(call["id"]).version) == (call["id"], 4)
        assert all(PHONE_NUMBER.fullmatch(call[end]) for end in ("from", "to", "via"))
        assert 600 <= call["duration"] <= 900_000
        assert START - WEEK <= datetime.fromisoformat(call["created_at"]) <= START


@pytest.mark.parametrize("source", ["sample", "recorded"])
def test_the_list_is_not_chronological(source: str, request: pytest.FixtureRequest) -> None:
    order = times(request.getfixturevalue(source))

    assert order not in (sorted(order), sorted(order, reverse=True))


def test_recorded_calls_keep_their_order_and_everything_but_their_time(
    recording: list[dict[str, Any]], recorded: list[CallJson]
) -> None:
    assert len(recorded) == 94
    assert all(list(call) == KEYS for call in recorded)
    assert [{**call, "created_at": None} for call in recorded] == [
        {**call, "created_at": None} for call in recording
    ]


def test_recorded_calls_lie_within_a_week_before_the_newest_which_is_three_minutes_old(
    recording: list[dict[str, Any]], recorded: list[CallJson]
) -> None:
    before, after = times(recording), times(recorded)

    assert max(after) == START - timedelta(minutes=3)
    assert [max(after) - time for time in after] == [(max(before) - time) % WEEK for time in before]


def test_a_recorded_call_is_found_by_its_id() -> None:
    calls = RecordedCalls(START)

    assert calls.index_of(calls[17]["id"]) == 17
    assert calls.index_of(UNKNOWN) is None
