"""The kept callers are those of the whole list, computed naively, whatever was written in whatever order."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from aircall.calls import streaks as kept
from aircall.calls.callers import SHOWN_FOR, Caller, CallerQuery, QueueFilter, Reached
from aircall.calls.filters import CallFilter
from aircall.calls.phone_numbers import number_key
from aircall.calls.store import CallStore
from aircall.calls.tables import state, streaks
from aircall.models import Call
from tests.support.made_calls import NOON, made_call, made_notes

EVERYONE = QueueFilter()
ALL = CallFilter(view="all")
# Few, so that a handful of calls reaches them.
COUNTED, LATEST = 3, 2
NUMBERS = ["+33612345678", "0033 6 12 34 56 78", "+33612345678", "+12025550170", "anonymous", ""]
OURS = "+33189394635"
TIMES = st.none() | st.integers(-4, 4).map(lambda number: NOON + number * timedelta(minutes=4))
CALLS = st.builds(
    lambda other, number, direction, **fields: made_call(
        number,
        direction=direction,
        caller=OURS if direction == "outbound" else other,
        callee=other if direction == "outbound" else OURS,
        **fields,
    ),
    st.sampled_from(NUMBERS),
    st.integers(0, 12),
    st.sampled_from(["inbound", "inbound", "outbound", "unknown"]),
    call_type=st.sampled_from(["missed", "missed", "answered", "voicemail", "unknown"]),
    via=st.sampled_from([OURS, "+33118842251", "+33100000000", ""]),
    duration=st.none() | st.integers(0, 20).map(lambda minutes: timedelta(minutes=minutes)),
    is_archived=st.sampled_from([False, False, True]),
    created_at=TIMES,
    notes=st.sampled_from(["", "", "call back", "ärgerlich, »böse«"]).map(
        lambda text: made_notes(*filter(None, [text]))
    ),
)
LISTS = st.lists(CALLS, max_size=12, unique_by=lambda call: call.id)
STEPS = st.lists(
    st.tuples(st.sampled_from(["event", "reading", "late reading", "removal", "archive"]), LISTS), max_size=6
)


@pytest.fixture(autouse=True)
def small_limits() -> Iterator[None]:
    """Make a handful of calls reach the limits of a streak, and of a batch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(kept.FIXED, "most", COUNTED)
        patch.setitem(kept.FIXED, "latest", LATEST)
        patch.setattr(kept, "CATCH_UP_BATCH", 1)
        yield


@dataclass(frozen=True)
class Streak:
    """A streak by the definition, and its caller as far as they are not archived."""

    started_at: datetime | None
    caller: Caller | None


def place(call: Call) -> tuple[bool, Any]:
    """The time of a call, before all others without one."""
    return (call.created_at is not None, call.created_at)


def naive_streaks(calls: Sequence[Call]) -> list[Streak]:
    """Divide the calls with each number at the answered ones; of the same time, these are the last."""
    found = [
        _streak([call], None)
        for call in calls
        if _is_attempt(call) and not number_key(call.counterpart) and not call.is_archived
    ]
    for key in {number_key(call.counterpart) for call in calls} - {""}:
        part: list[Call] = []
        of_number = [call for call in calls if number_key(call.counterpart) == key]
        ordered = sorted(of_number, key=lambda call: (place(call), call.call_type == "answered", call.id))
        for call in ordered:
            if call.call_type != "answered":
                part.append(call)
                continue
            same = [one for one in ordered if one.call_type == "answered" and place(one) == place(call)]
            found += [_streak(part, same[-1])] if any(map(_is_attempt, part)) else []
            part = []
        found += [_streak(part, None)] if any(map(_is_attempt, part)) else []
    return found


def _is_attempt(call: Call) -> bool:
    return call.direction != "outbound" and call.call_type in ("missed", "voicemail")


def _streak(part: Sequence[Call], end: Call | None) -> Streak:
    every = [call for call in part if _is_attempt(call)]
    attempts = [call for call in every if not call.is_archived]
    started_at = min(every, key=place).created_at
    if not attempts:
        return Streak(started_at, None)
    first, last = attempts[0], attempts[-1]
    tries = [call for call in part if call.direction == "outbound" and place(call) >= place(first)]
    latest = sorted([*attempts[-LATEST:], *tries[-LATEST:]], key=lambda call: (place(call), call.id))
    notes = [call.notes[0].content for call in latest if call.notes]
    key = number_key(last.counterpart)
    return Streak(
        started_at,
        Caller(
            number_key=key,
            number=last.counterpart,
            waiting_since=first.created_at,
            attempts=min(len(attempts), COUNTED),
            last_at=last.created_at,
            last_id=last.id,
            lines=tuple(sorted({call.via for call in attempts[-LATEST:]} - {""})),
            tries=min(len(tries), COUNTED) if key else 0,
            tried_at=tries[-1].created_at if tries and key else None,
            note=notes[-1] if notes else "",
            reached=Reached(at=end.created_at, direction=end.direction, duration=end.duration)
            if end
            else None,
        ),
    )


@contextmanager
def steps_counted(engine: Engine) -> Iterator[list[int]]:
    """Count the steps of SQLite's virtual machine, in hundreds."""
    taken = [0]

    def step() -> None:
        taken[0] += 1

    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(step, 100)
    yield taken
    driver.set_progress_handler(None, 0)


def order(caller: Caller) -> tuple[Any, ...]:
    since = caller.waiting_since
    return ((since is not None, since), caller.number_key, "" if caller.number_key else caller.last_id)


def check(call_store: CallStore) -> None:
    """Compare everything that is kept with the definition."""
    calls, query = call_store.page(ALL, 0, 1000), CallerQuery(call_store.engine)
    expected = naive_streaks(calls)
    with call_store.engine.connect() as connection:
        rows = connection.execute(select(streaks.c.started_at, streaks.c.number_key)).all()
        waiting_count = connection.execute(select(state.c.waiting)).scalar_one()
    assert len(rows) == len(expected)
    callers = [streak.caller for streak in expected if streak.caller]
    waiting = [caller for caller in callers if not caller.reached]
    now = NOON + timedelta(minutes=8)
    latest = {caller.number_key: caller for caller in callers if caller.number_key}
    started = {streak.caller.number_key: streak.started_at for streak in expected if streak.caller}
    reached = [
        caller
        for caller in latest.values()
        if caller.reached
        and caller.reached.at
        and caller.reached.at + (caller.reached.duration or timedelta()) > now - SHOWN_FOR
        and not _began_again(calls, caller, started[caller.number_key])
    ]
    shown = sorted([*waiting, *reached], key=order)
    assert query.page(EVERYONE, now, offset=0, limit=100) == shown
    assert query.page(EVERYONE, now, offset=1, limit=2, is_newest_first=True) == shown[::-1][1:3]
    assert query.count(EVERYONE) == waiting_count == len(waiting)
    assert query.reached_count(EVERYONE, now) == len(reached)
    times = [caller.waiting_since for caller in waiting if caller.waiting_since]
    assert query.longest_wait(EVERYONE) == min(times, default=None)
    for key in latest:
        assert query.of_number(key) == latest[key]


def _began_again(calls: Sequence[Call], caller: Caller, started_at: datetime | None) -> bool:
    """Whether a later streak of the same caller, archived or not, has begun."""
    others = [call for call in calls if number_key(call.counterpart) == caller.number_key]
    later = [
        streak
        for streak in naive_streaks(others)
        if (streak.started_at is not None, streak.started_at) > (started_at is not None, started_at)
    ]
    return bool(later)


@given(LISTS, STEPS)
def test_the_callers_are_those_of_the_whole_list_after_every_write(
    call_store: CallStore, first: list[Call], steps: list[tuple[str, list[Call]]]
) -> None:
    call_store.clear()
    call_store.fill(first, call_store.version)
    call_store.mark_synced(NOON)
    call_store.catch_up()
    check(call_store)

    for name, calls in steps:
        before = call_store.version
        if name == "event":
            for call in calls:
                call_store.apply([call])
        elif name == "late reading":
            call_store.apply(calls[:1])
            call_store.apply(calls, before)
        elif name == "reading":
            call_store.fill(calls, before)
        elif name == "removal":
            call_store.remove([call.id for call in calls], before)
        else:
            known = call_store.find([call.id for call in calls])
            call_store.apply(
                [msgspec.structs.replace(call, is_archived=not call.is_archived) for call in known]
            )
        check(call_store)


def test_a_write_reads_no_more_of_a_number_that_has_many_calls(sqlite: Engine) -> None:
    call_store = CallStore(sqlite)
    call_store.mark_synced(NOON)
    call_store.catch_up()
    steps = []
    for count in (100, 3000):
        calls = [made_call(number, created_at=NOON + timedelta(seconds=number)) for number in range(count)]
        call_store.apply(calls)
        # The search index, too.
        call_store.catch_up()
        with steps_counted(call_store.engine) as taken:
            call_store.apply([made_call(count, created_at=NOON + timedelta(days=1))])
        steps.append(taken[0])

    # Both are beyond all limits.
    assert steps[1] < 1.2 * steps[0]
