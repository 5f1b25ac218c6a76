"""The generated calls: any number of them, none made before it is asked for."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from sandbox.calls import CALL_TYPES, DIRECTIONS, CallJson, CallList
from sandbox.generated import LINE_COUNT, MAX_CALLS, GeneratedCalls

PHONE_NUMBER = re.compile(r"\+33\d{9}")
START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


class WatchedCalls(GeneratedCalls):
    """Remembers which calls were made."""

    def __init__(self, count: int) -> None:
        super().__init__(count, seed=1, started_at=START)
        self.made: list[int] = []

    def __getitem__(self, index: int, /) -> CallJson:
        self.made.append(index)
        return super().__getitem__(index)


def generated(seed: int) -> list[CallJson]:
    source = GeneratedCalls(5_000, seed, START)
    return [source[index] for index in range(len(source))]


@pytest.fixture(scope="module")
def sample() -> list[CallJson]:
    return generated(seed=1)


def test_the_same_seed_makes_the_same_calls_and_another_seed_others(sample: list[CallJson]) -> None:
    again, others = generated(seed=1), generated(seed=2)

    assert again == sample
    assert not {call["id"] for call in others} & {call["id"] for call in sample}


def test_a_call_does_not_depend_on_how_many_there_are(sample: list[CallJson]) -> None:
    assert GeneratedCalls(MAX_CALLS, seed=1, started_at=START)[4_999] == sample[4_999]


def test_a_page_at_the_end_of_a_million_makes_only_its_own_calls() -> None:
    source = WatchedCalls(MAX_CALLS)

    page = CallList(source).page(999_990, 100)

    assert len(page) == 10
    assert source.made == list(range(999_990, MAX_CALLS))


def test_a_call_among_a_million_is_found_by_its_id_without_making_any() -> None:
    source = WatchedCalls(MAX_CALLS)
    call_id = GeneratedCalls(MAX_CALLS, seed=1, started_at=START)[765_432]["id"]

    assert source.index_of(call_id) == 765_432
    assert source.made == []


@pytest.mark.parametrize(
    "foreign",
    [
        GeneratedCalls(11, seed=1, started_at=START)[10]["id"],
        GeneratedCalls(10, seed=2, started_at=START)[3]["id"],
        "00000000-0000-4000-8000-000000000000",
        "-1",
        "",
        "null",
    ],
)
def test_an_id_that_was_not_made_is_not_found(foreign: str) -> None:
    assert GeneratedCalls(10, seed=1, started_at=START).index_of(foreign) is None


@pytest.mark.parametrize("index", [-1, 10])
def test_there_is_no_call_before_the_first_or_after_the_last(index: int) -> None:
    with pytest.raises(IndexError):
        GeneratedCalls(10, seed=1, started_at=START)[index]


def test_ids_are_unique_lower_case_uuids_of_version_4(sample: list[CallJson]) -> None:
    ids = [call["id"] for call in sample]

    assert len(set(ids)) == len(ids)
    assert all(str(UUID(call_id)) == call_id and UUID(call_id).version == 4 for call_id in ids)


def test_the_calls_are_like_those_of_a_busy_team(sample: list[CallJson]) -> None:
    callers = Counter(call["from"] for call in sample if call["direction"] == "inbound")

    assert {(call["direction"], call["call_type"]) for call in sample} == {
        (direction, call_type) for direction in DIRECTIONS for call_type in CALL_TYPES
    }
    assert sum(call["is_archived"] for call in sample) / len(sample) == pytest.approx(0.4, abs=0.03)
    assert sum(bool(call["notes"]) for call in sample) / len(sample) == pytest.approx(0.2, abs=0.03)
    assert len({call["via"] for call in sample}) == LINE_COUNT
    assert len(callers) > 1_000
    assert callers.most_common(1)[0][1] > 5


def test_every_call_has_the_ten_keys_and_plausible_values(sample: list[CallJson]) -> None:
    keys = list(CallJson.__annotations__)
    week = timedelta(days=7)

    for call in sample:
        assert list(call) == keys
        assert all(PHONE_NUMBER.fullmatch(call[end]) for end in ("from", "to", "via"))
        assert 600 <= call["duration"] <= 900_000
        assert START - week <= datetime.fromisoformat(call["created_at"]) <= START


def test_the_list_is_in_no_order_of_time(sample: list[CallJson]) -> None:
    times = [call["created_at"] for call in sample]

    assert times not in (sorted(times), sorted(times, reverse=True))
