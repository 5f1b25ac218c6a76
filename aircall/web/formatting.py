"""How numbers, times, durations and kinds of call read on a page: pure functions, the templates' filters.

Knows no request and no clock: the zone a page is rendered in is always passed in, as an IANA name.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from flask import Flask
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from aircall.models import instant_text
from aircall.web.kinds import kind

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
UNKNOWN_TIME = "Unknown time"
UNKNOWN_NUMBER = "Unknown number"


def register(app: Flask) -> None:
    """Offer every function below as a template filter of the same name."""
    filters: tuple[Callable[..., object], ...] = (
        phone,
        phone_uri,
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
        count,
        counted,
        times,
    )
    for function in filters:
        app.add_template_filter(function)


def phone(number: str) -> str:
    """The number in its international form, `+33 6 12 34 56 78`; what is no phone number, as it came."""
    parsed = _parsed(number)
    if parsed is None:
        return number.strip() or UNKNOWN_NUMBER
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


def phone_uri(number: str) -> str:
    """What a link dials, `tel:+33612345678`; empty where nothing can be dialled."""
    parsed = _parsed(number)
    return f"tel:{phonenumbers.format_number(parsed, PhoneNumberFormat.E164)}" if parsed else ""


def with_phones(numbers: Iterable[str]) -> list[tuple[str, str]]:
    """Each number with how it is written: the value and the text of a choice."""
    return [(number, phone(number)) for number in numbers]


def clock(instant: datetime | None, zone: str) -> str:
    """The time of day in `zone`, `18:05`."""
    return f"{instant.astimezone(ZoneInfo(zone)):%H:%M}" if instant else UNKNOWN_TIME


def day_time(instant: datetime | None, zone: str) -> str:
    """Day and time in `zone`, `Monday 23 November 2026, 12:15`."""
    if instant is None:
        return UNKNOWN_TIME
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local:%A} {local.day} {local:%B} {local.year}, {local:%H:%M}"


def short_day_time(instant: datetime | None, zone: str) -> str:
    """Day and time in `zone` where there is little room, `23 Nov 2026, 12:15`."""
    if instant is None:
        return UNKNOWN_TIME
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b} {local.year}, {local:%H:%M}"


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
        year = f" {first.year}" if first.year != last.year else ""
        begin = "" if first == last else f"{first.day} {first:%b}{year} to "
        return begin + _day_name(last, None if year else today)
    if first:
        return f"From {_day_name(first, today)}"
    return f"Until {_day_name(last, today)}" if last else "Dates"


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


def count(number: int) -> str:
    """The number with its thousands apart, `94,000`."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """How many of what, `1 call` or `94,000 calls`, for nouns whose plural ends in s."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def times(number: int) -> str:
    """How often, `once`, `twice` or `3 times`."""
    return {1: "once", 2: "twice"}.get(number) or f"{count(number)} times"


def _day_name(day: date, today: date | None) -> str:
    is_this_year = today is not None and today.year == day.year
    return f"{day.day} {day:%b}" + ("" if is_this_year else f" {day.year}")


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
