"""Everything about one caller, newest first: a page of their calls, and between them what people did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aircall.calls.filters import CallFilter
from aircall.calls.query import CallQuery
from aircall.models import Call
from aircall.team.activity import Activity, ActivityLine

# Lines between the calls of a page.
MAX_LINES = 100


@dataclass(frozen=True, slots=True)
class Event:
    """A call, or something that was done; `at` is None for a call without a time."""

    at: datetime | None
    call: Call | None = None
    line: ActivityLine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerPage:
    """A page of a caller's events. `count` are all of their calls, `inbox_count` those not archived."""

    events: Sequence[Event]
    calls: Sequence[Call]
    count: int
    inbox_count: int
    number: int
    page_count: int


def read_caller(
    store: CallQuery, activity: Activity, number_key: str, page: int, per_page: int
) -> CallerPage:
    """Return the requested page, or the last one if there are fewer."""
    wanted = CallFilter(view="all", number=number_key)
    counts = store.counts(wanted)
    page_count = max(1, -(-counts["all"] // per_page))
    number = min(page, page_count)
    # One more: what was done before the last call of this page and after the next one belongs here.
    calls = store.page(wanted, (number - 1) * per_page, per_page + 1)
    shown, following = calls[:per_page], calls[per_page:]
    return CallerPage(
        events=merged(shown, _lines(activity, number_key, shown if number > 1 else (), following)),
        calls=shown,
        count=counts["all"],
        inbox_count=counts["inbox"],
        number=number,
        page_count=page_count,
    )


def _lines(
    activity: Activity, number_key: str, shown: Sequence[Call], following: Sequence[Call]
) -> list[ActivityLine]:
    """Return what was done after the `following` call and, except on the first page, before the first one."""
    until = shown[0].created_at if shown else None
    if shown and until is None:
        # The page before has all that is older than its calls.
        return []
    since = following[0].created_at if following else None
    return activity.of_number_between(number_key, since, until, limit=MAX_LINES)


def merged(calls: Sequence[Call], lines: Sequence[ActivityLine]) -> list[Event]:
    """Merge calls and lines, both newest first; calls without a time come last."""
    events = [Event(call.created_at, call=call) for call in calls]
    events += [Event(line.at, line=line) for line in lines]
    # Sorting keeps the order of equal times.
    return sorted(events, key=lambda event: -event.at.timestamp() if event.at else float("inf"))
