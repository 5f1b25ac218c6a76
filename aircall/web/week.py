"""The hours of the week, and which are the busiest, in the viewer's language. Knows no HTML."""

from collections.abc import Sequence
from dataclasses import dataclass

from aircall.calls.statistics import Figures
from aircall.web.formatting import weekdays
from aircall.web.i18n import viewer_locale

# From the palest, for a few calls, to the strongest, for the most; an hour without calls has none.
SHADES = 5


@dataclass(frozen=True, slots=True)
class Hour:
    """The calls of one hour of the week, and its shade, 0 to SHADES."""

    number: int
    shade: int


@dataclass(frozen=True, slots=True)
class Week:
    """Seven named days of 24 hours each, Monday first, and the busiest hour among them."""

    days: Sequence[tuple[str, Sequence[Hour]]]
    busiest_day: str
    busiest_hour: int
    most: int


def draw_week(figures: Figures) -> Week | None:
    """The hours of the week; None where no call has a time. Of equally busy hours the first one is named."""
    if not figures.hours:
        return None
    (busiest_day, busiest_hour), most = min(figures.hours.items(), key=lambda item: (-item[1], item[0]))
    names = weekdays(viewer_locale())
    days = [
        (short, [_hour(figures.hours[weekday, hour], most) for hour in range(24)])
        for weekday, (short, _) in enumerate(names)
    ]
    return Week(days, names[busiest_day][1], busiest_hour, most)


def _hour(number: int, most: int) -> Hour:
    return Hour(number, -(-number * SHADES // most))
