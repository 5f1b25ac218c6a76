"""Days in a language: pure functions, to which the locale is passed. Knows no clock."""

from datetime import date
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, get_day_names

# How a day is written: in the letters of CLDR, and in an order that suits every language there is here.
LONG = "EEEE d MMMM y"
SHORT = "d MMM y"
SHORT_WITH_WEEKDAY = f"EEE {SHORT}"
WITHOUT_YEAR = "d MMM"
MONTH = "MMM y"
YEAR = "y"
# Languages that count the first day of a month, and only name the others.
FIRST_DAY = {"fr": "d'er'"}


@lru_cache(maxsize=10_000)
def day_text(day: date, form: str, locale: Locale) -> str:
    """The day, written in one of the forms above: `Monday 23 November 2026`, `1er déc. 2026`."""
    if day.day == 1:
        form = form.replace("d", FIRST_DAY.get(locale.language, "d"))
    return format_date(day, form, locale)


def weekdays(locale: Locale) -> list[tuple[str, str]]:
    """The days of the week, Monday first, each by its short and its whole name: `Mon`, `Monday`."""
    short, whole = get_day_names("abbreviated", locale=locale), get_day_names("wide", locale=locale)
    return [(short[day], whole[day]) for day in range(7)]
