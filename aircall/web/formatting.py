"""How numbers, times, durations and kinds of call read on a page: the templates' filters.

All is written in the viewer's language, in English outside of a request. Knows no clock; the zone a page is
rendered in is always passed in, as an IANA name. Times of day have 24 hours in every language.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from flask import Flask
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from aircall.models import instant_text
from aircall.web.amounts import count, counted_calls, share, times
from aircall.web.dates import LONG, SHORT, WITHOUT_YEAR, day_text
from aircall.web.kinds import kind, sort_words
from aircall.web.language import viewer_locale
from aircall.web.words import gettext as _

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def register(app: Flask) -> None:
    """Offer the functions below, and those of `amounts` and `kinds`, as template filters of their names."""
    filters: tuple[Callable[..., object], ...] = (
        phone,
        phone_uri,
        country,
        with_phones,
        clock,
        day_time,
        short_day_time,
        recent_time,
        zone_name,
        day_range,
        iso,
        duration,
        duration_iso,
        kind,
        sort_words,
        count,
        counted_calls,
        times,
        share,
    )
    for function in filters:
        app.add_template_filter(function)


def phone(number: str) -> str:
    """The number in its international form, `+33 6 12 34 56 78`; what is no phone number, as it came."""
    parsed = _parsed(number)
    if parsed is None:
        return number.strip() or _("Unknown number")
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


def phone_uri(number: str) -> str:
    """What a link dials, `tel:+33612345678`; empty where nothing can be dialled."""
    parsed = _parsed(number)
    return f"tel:{phonenumbers.format_number(parsed, PhoneNumberFormat.E164)}" if parsed else ""


def country(number: str) -> str:
    """The number's country in words, `France`; empty where the number does not tell it."""
    parsed = _parsed(number)
    region = phonenumbers.region_code_for_number(parsed) if parsed else None
    # Numbers of no country, such as free ones, are said to be the world's.
    return viewer_locale().territories.get(region or "", "") if region != "001" else ""


def with_phones(numbers: Iterable[str]) -> list[tuple[str, str]]:
    """Each number with how it is written: the value and the text of a choice."""
    return [(number, phone(number)) for number in numbers]


def clock(instant: datetime | None, zone: str) -> str:
    """The time of day in `zone`, `18:05`."""
    return f"{instant.astimezone(ZoneInfo(zone)):%H:%M}" if instant else _("Unknown time")


def day_time(instant: datetime | None, zone: str) -> str:
    """Day and time in `zone`, `Monday 23 November 2026, 12:15`."""
    if instant is None:
        return _("Unknown time")
    local = instant.astimezone(ZoneInfo(zone))
    return f"{day_name(local.date(), LONG)}, {local:%H:%M}"


def short_day_time(instant: datetime | None, zone: str) -> str:
    """Day and time in `zone` where there is little room, `23 Nov 2026, 12:15`."""
    if instant is None:
        return _("Unknown time")
    local = instant.astimezone(ZoneInfo(zone))
    return f"{day_name(local.date(), SHORT)}, {local:%H:%M}"


def recent_time(instant: datetime | None, zone: str, today: date) -> str:
    """The time in `zone`, with its day where that is not today."""
    is_today = instant is not None and instant.astimezone(ZoneInfo(zone)).date() == today
    return clock(instant, zone) if is_today else short_day_time(instant, zone)


def zone_name(instant: datetime | None, zone: str) -> str:
    """What the zone is called then, `CET`, or `UTC+03` where it has no name. Empty without an instant."""
    name = instant.astimezone(ZoneInfo(zone)).tzname() if instant else None
    if not name:
        return ""
    return f"UTC{name}" if name.startswith(("+", "-")) else name


def day_range(days: tuple[date | None, date | None], today: date | None = None) -> str:
    """The first and last day, `3 Nov to 5 Nov 2026`, either of which may be open; `Dates` where both are.

    With `today`, its year is left out where no other stands beside it.
    """
    first, last = days
    if first and last:
        end = _short_day(last, today if first.year == last.year else None)
        if first == last:
            return end
        begin = day_name(first, WITHOUT_YEAR if first.year == last.year else SHORT)
        return _("%(first)s to %(last)s", first=begin, last=end)
    if first:
        return _("From %(day)s", day=_short_day(first, today))
    return _("Until %(day)s", day=_short_day(last, today)) if last else _("Dates")


def day_name(day: date, form: str) -> str:
    """The day, written in one of the forms of `dates`."""
    return day_text(day, form, viewer_locale())


def iso(instant: datetime | None) -> str:
    """The instant for machines, `2026-11-23T11:15:00.000Z`."""
    return instant_text(instant) if instant else ""


def duration(length: timedelta | None) -> str:
    """`14 s`, `1 min 13 s` or `1 h 10 min`, unbreakable. The second unit has two digits: columns line up."""
    if length is None:
        return ""
    hours, minutes, seconds = _clock_parts(length)
    if hours:
        text = f"{hours} h {minutes:02} min"
    elif minutes:
        text = f"{minutes} min {seconds:02} s"
    else:
        text = f"{seconds} s"
    return text.replace(" ", NO_BREAK_SPACE)


def duration_iso(length: timedelta | None) -> str:
    """The duration for machines, `PT1M13S`."""
    if length is None:
        return ""
    hours, minutes, seconds = _clock_parts(length)
    parts = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes) + f"{seconds}S" * bool(seconds)
    return f"PT{parts or '0S'}"


def _short_day(day: date, today: date | None) -> str:
    is_this_year = today is not None and today.year == day.year
    return day_name(day, WITHOUT_YEAR if is_this_year else SHORT)


@lru_cache(maxsize=10_000)
def _parsed(number: str) -> PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return None
    return parsed if phonenumbers.is_possible_number(parsed) else None


def _clock_parts(length: timedelta) -> tuple[int, int, int]:
    """Hours, minutes and seconds; anything that lasted at all lasted a second."""
    total = max(round(length.total_seconds()), 1) if length else 0
    minutes, seconds = divmod(total, 60)
    hours, minutes = divmod(minutes, 60)
    return hours, minutes, seconds
