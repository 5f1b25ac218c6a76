"""Reading the log: what it answers is what filtering, sorting and cutting a plain list would give."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aircall.call_log import CallLog
from aircall.call_query import CallFilter, Neighbours
from aircall.models import Call
from tests.storage.naive import is_found, newest_first
from tests.support.made_calls import NOON, call_id, made_call, made_notes

NUMBERS = [
    "+33189394635",
    "+33612345678",
    "0033612345678",
    "0189394635",
    "+1 (202) 555-0170",
    "anonymous",
    "",
    "٠١٨٩",
    "50%",
    "_",
]
NOTES = [
    "Call BACK 100% sure",
    "a_b/c\\d",
    "Straße, GROẞ",
    "İstanbul",
    "😀 done",
    "ring +33 1 89 again",
    "00",
    "é",
]
SEARCHES = [
    *(
        "+33 1 89",
        "0033189",
        "01 89 39",
        "0189394635",
        "4635",
        "(202) 555",
        "06.12.34",
        "+33\u00a06\u202f12",
        "0",
    ),
    *(
        "00",
        "+",
        "-",
        "100%",
        "%",
        "_",
        "a_b",
        "/",
        "\\",
        "\\d",
        "strasse",
        "GROSS",
        "i̇",
        "😀",
        "BaCk 1",
        "É",
        "x",
    ),
]
TIMES = st.none() | st.integers(-3, 3).map(lambda step: NOON + step * timedelta(milliseconds=1))
CALLS = st.builds(
    made_call,
    st.integers(0, 30),
    direction=st.sampled_from(["inbound", "outbound", "unknown"]),
    call_type=st.sampled_from(["missed", "answered", "voicemail", "unknown"]),
    caller=st.sampled_from(NUMBERS),
    callee=st.sampled_from(NUMBERS),
    via=st.sampled_from(NUMBERS),
    duration=st.none() | st.integers(0, 10**9).map(lambda count: timedelta(milliseconds=count)),
    is_archived=st.booleans(),
    created_at=TIMES,
    notes=st.lists(st.sampled_from(NOTES), max_size=2).map(lambda texts: made_notes(*texts)),
)
LISTS = st.lists(CALLS, max_size=15, unique_by=lambda call: call.id)
FILTERS = st.builds(
    CallFilter,
    view=st.sampled_from(["inbox", "archived", "all"]),
    call_type=st.sampled_from(["", "", "missed", "unknown"]),
    direction=st.sampled_from(["", "", "inbound", "unknown"]),
    line=st.sampled_from(["", "", "", *NUMBERS]),
    search=st.just("") | st.sampled_from(SEARCHES) | st.text("+0189 %_aÉs", max_size=3),
    since=st.none() | TIMES,
    until=st.none() | TIMES,
)
checked = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def fill(log: CallLog, calls: Sequence[Call]) -> None:
    """Put these calls, and no others, into the log."""
    log.remove(log.call_ids(), log.version)
    log.apply(calls)


def searched(log: CallLog, text: str) -> list[str]:
    return [call.id for call in log.page(CallFilter(view="all", search=text), 0, 100)]


@given(LISTS, FILTERS, st.integers(1, 6))
@checked
def test_a_page_is_a_part_of_the_filtered_and_sorted_list(
    log: CallLog, calls: list[Call], wanted: CallFilter, size: int
) -> None:
    fill(log, calls)
    expected = newest_first(calls, wanted)

    for offset in range(0, len(expected) + size, size):
        assert log.page(wanted, offset, size) == expected[offset : offset + size]


@given(LISTS, FILTERS)
@checked
def test_the_counts_are_those_of_the_filtered_lists(
    log: CallLog, calls: list[Call], wanted: CallFilter
) -> None:
    fill(log, calls)

    counts = log.counts(wanted)

    views = ("inbox", "archived", "all")
    assert counts == {view: len(newest_first(calls, replace(wanted, view=view))) for view in views}


@given(LISTS, FILTERS, CALLS)
@checked
def test_neighbours_stand_before_and_after_a_call_whether_it_is_in_the_list_or_not(
    log: CallLog, calls: list[Call], wanted: CallFilter, stranger: Call
) -> None:
    fill(log, calls)

    for call in [*calls[:3], replace(stranger, id=call_id(99))]:
        others = newest_first([other for other in calls if other != call], wanted)
        place = newest_first([*others, call], CallFilter(view="all")).index(call)
        newer = others[place - 1].id if place > 0 else None
        older = others[place].id if place < len(others) else None
        assert log.neighbours(wanted, call) == Neighbours(newer, older)


@given(LISTS)
@checked
def test_the_lines_and_the_missed_calls_are_those_of_the_whole_list(log: CallLog, calls: list[Call]) -> None:
    fill(log, calls)

    lines, missed = log.lines(), log.missed_count()

    assert lines == sorted({call.via for call in calls} - {""})
    assert missed == sum(
        call.direction == "inbound" and call.call_type == "missed" and not call.is_archived for call in calls
    )


@given(LISTS, st.lists(st.integers(0, 40).map(call_id)))
@checked
def test_calls_are_found_by_their_ids_newest_first_each_once(
    log: CallLog, calls: list[Call], ids: list[str]
) -> None:
    fill(log, calls)

    wanted = [call for call in calls if call.id in ids]
    assert log.find(ids) == newest_first(wanted, CallFilter(view="all"))


@pytest.mark.parametrize(
    "spelling",
    [
        "+33189394635",
        "0033189394635",
        "+33 1 89 39 46 35",
        "00 33 1 89 39 46 35",
        "01 89 39 46 35",
        "01.89.39.46.35",
        "01-89/39(46)35",
        "+33\u00a01\u202f89",
        "4635",
        "39 46",
    ],
)
def test_a_number_is_found_in_any_spelling(log: CallLog, spelling: str) -> None:
    log.apply([made_call(1, callee="+33189394635"), made_call(2, callee="+33600000000")])

    assert searched(log, spelling) == [call_id(1)]


def test_a_number_is_looked_for_in_every_number_of_a_call_and_in_notes_but_not_across_them(
    log: CallLog,
) -> None:
    log.apply(
        [
            made_call(1, caller="+4911", callee="+4922", via="+4933"),
            made_call(2, caller="", callee="", via="", notes=made_notes("ask 4933")),
        ]
    )

    assert searched(log, "4911") == searched(log, "4922") == [call_id(1)]
    assert sorted(searched(log, "4933")) == [call_id(1), call_id(2)]
    assert searched(log, "1149") == []


def test_a_search_with_letters_in_it_is_for_notes_only(log: CallLog) -> None:
    log.apply([made_call(1, notes=made_notes("room 33a")), made_call(2, caller="+33a")])

    assert searched(log, "33A") == [call_id(1)]


@pytest.mark.parametrize("wanted", [CallFilter(since=NOON), CallFilter(until=NOON)])
def test_a_call_without_a_time_is_in_no_range_of_times(log: CallLog, wanted: CallFilter) -> None:
    log.apply([made_call(1, created_at=None)])

    assert log.page(wanted, 0, 10) == []


def test_a_call_of_long_ago_still_comes_before_one_without_a_time(log: CallLog) -> None:
    ancient = made_call(1, created_at=NOON.replace(year=2))
    epoch = made_call(2, created_at=NOON.replace(year=1970, month=1, day=1, hour=0))
    log.apply([made_call(3, created_at=None), ancient, epoch])

    assert [call.id for call in log.page(CallFilter(), 0, 10)] == [call_id(2), call_id(1), call_id(3)]
    assert log.find([ancient.id, epoch.id]) == [epoch, ancient]


def test_the_plain_rule_itself_tells_searches_apart() -> None:
    call = made_call(caller="+33189394635", notes=made_notes("Straße 100%"))

    assert is_found(call, "0033 1 89")
    assert is_found(call, "STRASSE")
    assert not is_found(call, "1000")
