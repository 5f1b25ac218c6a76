"""How soon callers are called back, and what was missed where and when: this week beside the last."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from aircall.calls.call_backs import CallBacks, Missed
from aircall.calls.callers import QueueFilter
from aircall.calls.filters import midnight
from aircall.calls.store import CallStore

# The lines with the most calls.
SHOWN_LINES = 10
STEP_NAMES = ("within_15_minutes", "within_1_hour", "within_1_day")
COLUMNS = ("figure", "of", "this_week", "last_week")
ONE_WEEK = timedelta(days=7)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of all calls, whatever a list is filtered by. A pair is of this week and the last one."""

    waiting_count: int
    longest: datetime | None
    weeks: tuple[CallBacks, CallBacks]
    lines: tuple[tuple[str, Missed, Missed], ...]
    hours: tuple[tuple[int, Missed, Missed], ...]


def read_figures(store: CallStore, wanted: QueueFilter, zone: ZoneInfo, now: datetime) -> Figures:
    """Return the figures; weeks begin on Monday in this zone."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    begins = [midnight(monday + weeks * ONE_WEEK, zone) for weeks in (-1, 0, 1)]
    last, this = (begins[0], begins[1]), (begins[1], begins[2])
    lines, query = store.lines(SHOWN_LINES), store.call_backs
    return Figures(
        waiting_count=store.callers.count(wanted),
        longest=store.callers.longest_wait(wanted),
        weeks=(query.call_backs(*this, wanted.ours), query.call_backs(*last, wanted.ours)),
        lines=_paired(lines, query.missed_by_line(lines, *this), query.missed_by_line(lines, *last)),
        hours=_paired(range(24), query.missed_by_hour(*this, zone), query.missed_by_hour(*last, zone)),
    )


def csv_rows(figures: Figures, now: datetime) -> Iterator[Sequence[str]]:
    """Yield the rows of a file: plain numbers, times in seconds; what has no number is empty."""
    yield COLUMNS
    yield "waiting_now", "", str(figures.waiting_count), ""
    yield "longest_wait_seconds", "", _seconds(now - figures.longest if figures.longest else None), ""
    this, last = figures.weeks
    yield "callers_not_answered", "", str(this.callers), str(last.callers)
    yield "called_back", "", str(this.reached), str(last.reached)
    for name, *numbers in zip(STEP_NAMES, this.within, last.within, strict=True):
        yield name, "", *map(str, numbers)
    yield "median_seconds", "", _seconds(this.median), _seconds(last.median)
    for line, *weeks in figures.lines:
        yield from _missed_rows(f"line {line}", weeks)
    for hour, *hour_weeks in figures.hours:
        yield from _missed_rows(f"hour {hour:02}", hour_weeks)


def _missed_rows(name: str, weeks: Sequence[Missed]) -> Iterator[Sequence[str]]:
    yield ("missed", name, *(str(week.missed) for week in weeks))
    yield ("incoming", name, *(str(week.calls) for week in weeks))


def _paired(
    keys: Sequence[T], this: Mapping[T, Missed], last: Mapping[T, Missed]
) -> tuple[tuple[T, Missed, Missed], ...]:
    nothing = Missed()
    return tuple(
        (key, this.get(key, nothing), last.get(key, nothing)) for key in keys if key in this or key in last
    )


def _seconds(length: timedelta | None) -> str:
    return "" if length is None else str(round(length.total_seconds()))
