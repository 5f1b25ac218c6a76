"""The generated, the recorded and the team's calls."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID

import pytest

from sandbox.awkward import AwkwardCalls
from sandbox.calls import CALL_TYPES, DIRECTIONS, CallJson, CallSource
from sandbox.generated import MAX_CALLS, GeneratedCalls
from sandbox.recorded import RECORDING, RecordedCalls
from sandbox.team import ENGLISH_NOTES, FRENCH_NOTES, TeamCalls

PHONE_NUMBER = re.compile(r"\+33\d{9}")
START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
WEEK = timedelta(days=7)
KEYS = ["id", "duration", "is_archived", "from", "to", "direction", "call_type", "via", "created_at", "notes"]


def source(count: int = 5_000, seed: int = 1) -> GeneratedCalls:
    return GeneratedCalls(count, seed, START)


def listed(source: CallSource) -> list[CallJson]:
    return [source[index] for index in range(len(source))]


def times(calls: list[Any]) -> list[datetime]:
    return [datetime.fromisoformat(call["created_at"]) for call in calls]


@pytest.fixture(scope="module")
def sample() -> list[CallJson]:
    return listed(source())


@pytest.fixture(scope="module")
def recorded() -> list[CallJson]:
    return listed(RecordedCalls(START))


def test_calls_depend_on_the_seed_and_not_on_their_number(sample: list[CallJson]) -> None:
    assert listed(source()) == sample
    assert source(MAX_CALLS)[4_999] == sample[4_999]
    assert not {call["id"] for call in listed(source(seed=2))} & {call["id"] for call in sample}


def test_a_call_is_found_by_its_id_alone() -> None:
    unknown = [source(11)[10]["id"], source(10, seed=2)[3]["id"], str(UUID(int=0)), "-1", "", "null"]

    assert [source(10).index_of(call["id"]) for call in listed(source(10))] == list(range(10))
    assert [source(10).index_of(call_id) for call_id in unknown] == [None] * 6


def test_every_generated_call_has_a_unique_uuid_and_plausible_values(sample: list[CallJson]) -> None:
    assert len({call["id"] for call in sample}) == len(sample)
    assert {(call["direction"], call["call_type"]) for call in sample} == set(product(DIRECTIONS, CALL_TYPES))
    for call in sample:
        assert list(call) == KEYS
        assert (str(UUID(call["id"])), UUID(call["id"]).version) == (call["id"], 4)
        assert all(PHONE_NUMBER.fullmatch(call[end]) for end in ("from", "to", "via"))
        assert 600 <= call["duration"] <= 900_000
        assert START - WEEK <= datetime.fromisoformat(call["created_at"]) <= START


def test_neither_list_is_chronological(sample: list[CallJson], recorded: list[CallJson]) -> None:
    for order in (times(sample), times(recorded)):
        assert order not in (sorted(order), sorted(order, reverse=True))


def test_recorded_calls_keep_all_but_their_time_and_fill_a_week_before_the_newest(
    recorded: list[CallJson],
) -> None:
    recording = json.loads(RECORDING.read_text(encoding="utf-8"))
    before, after = times(recording), times(recorded)

    assert len(recorded) == 94
    assert [list(call) for call in recorded] == [KEYS] * 94
    assert [{**call, "created_at": None} for call in recorded] == [
        {**call, "created_at": None} for call in recording
    ]
    assert max(after) == START - timedelta(minutes=3)
    assert [max(after) - time for time in after] == [(max(before) - time) % WEEK for time in before]


def test_awkward_calls_have_each_their_own_line_and_meet_every_oddity(sample: list[CallJson]) -> None:
    awkward = AwkwardCalls(2_000, 1, START)
    calls = listed(awkward)
    others = [call["from"] if call["direction"] == "inbound" else call["to"] for call in calls]
    notes = [note for call in calls for note in call["notes"]]

    assert [call["id"] for call in calls] == [call["id"] for call in sample[:2_000]]
    assert [awkward.index_of(call["id"]) for call in calls[:50]] == list(range(50))
    assert len({call["via"] for call in calls}) == len(calls)
    assert len({number for number in others if re.fullmatch(r"\+\d{8,15}", number)}) > len(calls) * 0.6
    for kind in (r"sip:.+@.+", r"\d{2,3}", r"[Aa]nonymous", "", r"00\d+", r"tel:.+;ext=\d+"):
        assert [number for number in others if re.fullmatch(kind, number)], kind
    for part in ("<script>", "=HYPERLINK", "\u0000", "\ud83d", "\u202e", "\r\n"):
        assert [note for note in notes if part in note["content"]], part
    assert max(len(note["content"]) for note in notes) > 45_000
    assert len({note["id"] for note in notes}) == len(notes)
    assert {call["duration"] for call in calls} >= {0, 604_800_000}
    assert (min(times(calls)).year, max(times(calls)) > START) == (1970, True)


def test_awkward_calls_fill_a_list_of_any_size() -> None:
    awkward = AwkwardCalls(MAX_CALLS, 1, START)
    some = range(0, MAX_CALLS, 97)

    assert len({awkward[index]["via"] for index in some}) == len(some)


@pytest.mark.parametrize("at", [START, START.replace(hour=0, minute=1), START.replace(day=22)])
def test_a_team_has_few_lines_and_callers_some_of_whom_ring_again_and_again(at: datetime) -> None:
    team = TeamCalls(1, at)
    calls = listed(team)
    outside = Counter(call["from"] if call["direction"] == "inbound" else call["to"] for call in calls)
    lately = Counter(
        call["from"]
        for call, created in zip(calls, times(calls), strict=True)
        if at - created < timedelta(hours=3) and call["call_type"] != "answered"
    )

    assert listed(TeamCalls(1, at)) == calls
    assert [team.index_of(call["id"]) for call in calls] == list(range(len(calls)))
    assert (len({call["via"] for call in calls}), len(outside)) == (8, 60)
    assert 250 < len(calls) < 600
    assert all(at - timedelta(days=8) < created <= at for created in times(calls))
    assert sum(number >= 4 for number in lately.values()) >= 4
    notes = [note["content"] for call in calls for note in call["notes"]]
    assert set(notes) & set(FRENCH_NOTES)
    assert set(notes) & set(ENGLISH_NOTES)
    # The same people arrive later on.
    random = Random(1)  # noqa: S311  # a simulation
    assert {team.arrival(random, at)["via"] for _ in range(200)} <= {call["via"] for call in calls}
