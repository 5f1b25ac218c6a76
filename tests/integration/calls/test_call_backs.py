"""Figures of calling back are those of the whole list, by local weeks."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median_low
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from aircall.calls.call_backs import STEPS, CallBackQuery, CallBacks, Missed
from aircall.calls.phone_numbers import number_key
from aircall.calls.store import CallStore
from aircall.models import Call
from tests.integration.calls.drawn import fill
from tests.support.made_calls import NOON, made_call

OURS, LINES = "+33189394635", ("+33189394635", "+33118842251")
PARIS = ZoneInfo("Europe/Paris")
ZONE = ZoneInfo("Asia/Kolkata")
SINCE = datetime(2026, 11, 23, tzinfo=ZONE)
UNTIL = SINCE + timedelta(days=7)
UTC_SINCE = datetime(2026, 11, 23, tzinfo=UTC)
TIMES = st.none() | st.integers(-400, 400).map(lambda number: NOON + number * timedelta(minutes=29))
CALLS = st.builds(
    made_call,
    st.integers(0, 60),
    direction=st.sampled_from(["inbound", "outbound", "unknown"]),
    call_type=st.sampled_from(["missed", "answered", "voicemail", "unknown"]),
    caller=st.sampled_from(["+33612345678", "+12025550170", OURS, "anonymous"]),
    callee=st.sampled_from(["+33612345678", "+12025550170"]),
    via=st.sampled_from([*LINES, ""]),
    is_archived=st.booleans(),
    created_at=TIMES,
)
LISTS = st.lists(CALLS, max_size=40, unique_by=lambda call: call.id)


def streaks_of(calls: Sequence[Call]) -> list[tuple[Call, Call | None]]:
    """The first call of each streak, and the answered one that ended it."""
    found: list[tuple[Call, Call | None]] = []
    for key in {number_key(call.counterpart) for call in calls} - {"", number_key(OURS)}:
        first: Call | None = None
        of_number = [call for call in calls if number_key(call.counterpart) == key]
        for call in sorted(of_number, key=lambda call: (*time_of(call), call.call_type == "answered")):
            if call.call_type == "answered":
                found += [(first, call)] if first else []
                first = None
            elif is_missed(call):
                first = first or call
        found += [(first, None)] if first else []
    return found


def time_of(call: Call) -> tuple[bool, datetime | None]:
    return (call.created_at is not None, call.created_at)


def is_missed(call: Call) -> bool:
    return call.direction != "outbound" and call.call_type in ("missed", "voicemail")


def is_of_week(call: Call) -> bool:
    return call.created_at is not None and SINCE <= call.created_at < UNTIL


def missed_among(calls: Sequence[Call]) -> Missed:
    return Missed(sum(map(is_missed, calls)), len(calls))


@given(LISTS)
def test_the_figures_are_those_of_the_whole_list(call_store: CallStore, calls: list[Call]) -> None:
    call_store.clear()
    call_store.mark_synced(NOON)
    fill(call_store, calls)
    query = CallBackQuery(call_store.engine)

    streaks = [(first, end) for first, end in streaks_of(calls) if is_of_week(first)]
    waits = sorted(
        end.created_at - first.created_at
        for first, end in streaks
        if end and end.created_at and first.created_at
    )
    assert query.call_backs(SINCE, UNTIL, {number_key(OURS)}) == CallBacks(
        callers=len(streaks),
        reached=len(waits),
        within=tuple(sum(wait <= step for wait in waits) for step in STEPS),
        median=median_low(waits) if waits else None,
    )
    incoming = [call for call in calls if is_of_week(call) and call.direction != "outbound"]
    of_line = {line: [call for call in incoming if call.via == line] for line in LINES}
    expected = {line: missed_among(found) for line, found in of_line.items() if found}
    assert query.missed_by_line(LINES, SINCE, UNTIL) == expected
    # Hours are those of the kept counts, so only zones of whole hours are exact.
    until = UTC_SINCE + timedelta(days=7)
    by_hour: defaultdict[int, list[Call]] = defaultdict(list)
    for call in calls:
        if call.created_at and UTC_SINCE <= call.created_at < until and call.direction != "outbound":
            by_hour[call.created_at.astimezone(PARIS).hour].append(call)
    expected_hours = {hour: missed_among(found) for hour, found in by_hour.items()}
    assert query.missed_by_hour(UTC_SINCE, until, PARIS) == expected_hours
