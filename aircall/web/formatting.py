"""Template filters: phone numbers, dates, times, durations, counts, and kinds of calls.

All texts are in the viewer's language, and in English outside of a request. No function reads a clock or
guesses a time zone: `zone` is always an IANA name, and `today` the viewer's day. Times of day have 24
hours, or twelve where the viewer's region writes them so (i18n.py).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from urllib.parse import quote
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from babel import Locale
from babel.dates import format_date, get_day_names
from babel.lists import format_list
from babel.numbers import format_decimal
from flask import Flask
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from aircall.calls.phone_numbers import caller_number
from aircall.models import UNKNOWN, Call, instant_text
from aircall.team.directory_query import Name
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext, ngettext, pgettext, viewer_locale
from aircall.web.kinds import kind, offered_types

# What systems send in place of a number whose owner does not show it; +266696687 spells "anonymous".
PRIVATE = frozenset({"anonymous", "private", "restricted", "withheld", "blocked", "266696687", "+266696687"})
# Forms of a day, in CLDR's letters and in an order that suits every language of LANGUAGES.
LONG = "EEEE d MMMM y"
SHORT = "d MMM y"
SHORT_WITH_WEEKDAY = f"EEE {SHORT}"
WITHOUT_YEAR = "d MMM"
MONTH = "MMM y"
# America's order of these.
AMERICAN = {
    LONG: "EEEE, MMMM d, y",
    SHORT: "MMM d, y",
    SHORT_WITH_WEEKDAY: "EEE, MMM d, y",
    WITHOUT_YEAR: "MMM d",
}
# Of the regions of FORMATS that count hours to twelve.
HALVES_OF_DAY = {"US": ("AM", "PM"), "AU": ("am", "pm")}
YEAR = "y"
# Languages that write the first day of a month as an ordinal number: `1er`.
ORDINAL_FIRST = {"fr": "d'er'"}
# Stand for the first and the last day in a URL.
FIRST_PLACE, LAST_PLACE = "\x01", "\x02"
# Characters of what stands in place of a number.
LONGEST_WORD = 60
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
DIRECTIONS = {
    "inbound": lazy_gettext("Inbound"),
    "outbound": lazy_gettext("Outbound"),
    UNKNOWN: lazy_gettext("Unknown"),
}


def register(app: Flask) -> None:
    """Add the template filters, under the names of their functions."""
    filters: tuple[Callable[..., object], ...] = (
        kind,
        direction,
        phone,
        phone_uri,
        caller_number,
        country,
        with_phones,
        named,
        clock,
        hour,
        day_time,
        short_day_time,
        brief_day_time,
        recent_time,
        since_time,
        zone_name,
        day_range,
        iso,
        duration,
        duration_iso,
        count,
        counted_calls,
        times,
        share,
        for_days,
    )
    for function in filters:
        app.add_template_filter(function)
    app.add_template_global(offered_types)


def direction(call: Call) -> str:
    """Return the call's direction, `Inbound`."""
    return str(DIRECTIONS[call.direction])


def phone(number: str) -> str:
    """Return the number's international form, `+33 6 12 34 56 78`; unchanged if it is no phone number."""
    shown = _international(number) or number.strip()
    said = shown.removeprefix("sip:").partition("@")[0].casefold() if len(shown) < LONGEST_WORD else ""
    return _("Private number") if said in PRIVATE else shown or _("Unknown number")


def phone_uri(number: str) -> str:
    """Return the URI that dials a number, `tel:+33612345678;ext=5`; empty if it cannot be dialed."""
    parsed = _parsed(number)
    if parsed is None:
        return ""
    extension = f";ext={parsed.extension}" if parsed.extension else ""
    return f"tel:{phonenumbers.format_number(parsed, PhoneNumberFormat.E164)}{extension}"


def country(number: str) -> str:
    """Return the name of the number's country, `France`; empty if the number has none."""
    region = _region(number)
    # "001" is the region of international numbers, such as toll-free ones.
    return viewer_locale().territories.get(region, "") if region != "001" else ""


def with_phones(numbers: Iterable[str], names: Iterable[tuple[str, Name]] = ()) -> list[tuple[str, str]]:
    """Return the options of a select: each number, and its name if it has one with its international form."""
    beginnings = {number: f"{named(number, name)} · " for number, name in names}
    return [(number, beginnings.get(number, "") + phone(number)) for number in numbers]


def named(number: str, name: Name | None) -> str:
    """Return the name, or the number's international form, as a text that turns nothing around it."""
    return phone(number) if name is None else isolated(name.name)


def isolated(text: str) -> str:
    """Return anybody's text so that it turns nothing around it, for where there are no tags."""
    return text if text.isascii() else f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"


@lru_cache(maxsize=10_000)
def _international(number: str) -> str:
    parsed = _parsed(number)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL) if parsed else ""


@lru_cache(maxsize=10_000)
def _region(number: str) -> str:
    parsed = _parsed(number)
    return (phonenumbers.region_code_for_number(parsed) if parsed else None) or ""


@lru_cache(maxsize=10_000)
def _parsed(number: str) -> PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return None
    return parsed if phonenumbers.is_possible_number(parsed) else None


def clock(instant: datetime | None, zone: str) -> str:
    """Return the time of day in `zone`, `18:05` or `6:05 PM`."""
    return _time_of(instant.astimezone(ZoneInfo(zone))) if instant else _("Unknown time")


def hour(number: int) -> str:
    """Return an hour from 0 to 24, `18:00` or `6 PM`."""
    halves = HALVES_OF_DAY.get(viewer_locale().territory or "")
    if halves is None:
        return f"{number:02}:00"
    return f"{number % 12 or 12}{NO_BREAK_SPACE}{halves[number % 24 >= 12]}"


def _time_of(local: datetime) -> str:
    halves = HALVES_OF_DAY.get(viewer_locale().territory or "")
    if halves is None:
        return f"{local:%H:%M}"
    return f"{local.hour % 12 or 12}:{local:%M}{NO_BREAK_SPACE}{halves[local.hour >= 12]}"


def day_time(instant: datetime | None, zone: str) -> str:
    """Return day and time in `zone`, `Monday 23 November 2026, 12:15`."""
    return _day_time(instant, zone, LONG)


def short_day_time(instant: datetime | None, zone: str) -> str:
    """Return a short form of day and time in `zone`, `23 Nov 2026, 12:15`."""
    return _day_time(instant, zone, SHORT)


def brief_day_time(instant: datetime | None, zone: str) -> str:
    """Return day and time in `zone` without the year, `23 Nov, 12:15`."""
    return _day_time(instant, zone, WITHOUT_YEAR)


def _day_time(instant: datetime | None, zone: str, form: str) -> str:
    if instant is None:
        return _("Unknown time")
    local = instant.astimezone(ZoneInfo(zone))
    return f"{day_name(local.date(), form)}, {_time_of(local)}"


def recent_time(instant: datetime | None, zone: str, today: date) -> str:
    """Return the time in `zone`, with its day unless that is today, and the year unless it is this one."""
    if instant is None or (day := instant.astimezone(ZoneInfo(zone)).date()) == today:
        return clock(instant, zone)
    return brief_day_time(instant, zone) if day.year == today.year else short_day_time(instant, zone)


def since_time(instant: datetime | None, zone: str, today: date) -> str:
    """Return the same as it is said behind "since": `12:15`, or `le 23 nov., 12:15`."""
    text = recent_time(instant, zone, today)
    return text if text == clock(instant, zone) else pgettext("since a day", "%(day)s") % {"day": text}


def zone_name(instant: datetime | None, zone: str) -> str:
    """Return the abbreviation of the zone at this time, `CET`, or its offset, `UTC+03`, if it has none."""
    name = instant.astimezone(ZoneInfo(zone)).tzname() if instant else None
    if not name:
        return ""
    return f"UTC{name}" if name.startswith(("+", "-")) else name


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones."""
    return frozenset(available_timezones())


def iso(instant: datetime | None) -> str:
    """Return the instant for a `datetime` attribute, `2026-11-23T11:15:00.000Z`."""
    return instant_text(instant) if instant else ""


def day_range(days: tuple[date | None, date | None], today: date | None = None) -> str:
    """Return a range of days, each of which may be open: `3 Nov to 5 Nov 2026`; `Dates` if both are.

    With `today` the current year is left out unless another year is in the text.
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


def _short_day(day: date, today: date | None) -> str:
    is_this_year = today is not None and today.year == day.year
    return day_name(day, WITHOUT_YEAR if is_this_year else SHORT)


def day_name(day: date, form: str) -> str:
    """Return the day in one of the forms above: `Monday 23 November 2026`, `1er déc. 2026`."""
    return _day_name(day, form, viewer_locale())


@lru_cache(maxsize=10_000)
def _day_name(day: date, form: str, locale: Locale) -> str:
    if locale.territory == "US":
        form = AMERICAN.get(form, form)
    if day.day == 1:
        form = form.replace("d", ORDINAL_FIRST.get(locale.language, "d"))
    return format_date(day, form, locale)


def weekdays() -> list[tuple[str, str]]:
    """Return the days of the week, Monday first, as short and long names: `Mon`, `Monday`."""
    locale = viewer_locale()
    short, long = get_day_names("abbreviated", locale=locale), get_day_names("wide", locale=locale)
    return [(short[day], long[day]) for day in range(7)]


def duration(length: timedelta | None) -> str:
    """Return `14 s`, `1 min 13 s` or `1 h 10 min`, unbreakable. The second unit has two digits."""
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
    """Return the duration for a `datetime` attribute, `PT1M13S`."""
    if length is None:
        return ""
    hours, minutes, seconds = _clock_parts(length)
    parts = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes) + f"{seconds}S" * bool(seconds)
    return f"PT{parts or '0S'}"


def _clock_parts(length: timedelta) -> tuple[int, int, int]:
    # Anything but zero lasted at least a second.
    total = max(round(length.total_seconds()), 1) if length else 0
    minutes, seconds = divmod(total, 60)
    hours, minutes = divmod(minutes, 60)
    return hours, minutes, seconds


def count(number: int, is_exact: bool = True) -> str:
    """Return the number with grouped digits, `94,000`; if there may be more, `94,000+`."""
    return _decimal(number, viewer_locale()) + ("" if is_exact else "+")


@lru_cache(maxsize=10_000)
def _decimal(number: int, locale: Locale) -> str:
    return format_decimal(number, locale=locale)


def counted_calls(number: int, is_exact: bool = True) -> str:
    """Return how many calls, `1 call` or `94,000 calls`; if there may be more, `94,000+ calls`."""
    return ngettext("%(number)s call", "%(number)s calls", number, number=count(number, is_exact))


def times(number: int) -> str:
    """Return how often, `once`, `twice` or `3 times`."""
    if number == 1:
        return _("once")
    return _("twice") if number == 2 else _("%(number)s times", number=count(number))


def share(number: int, total: int) -> str:
    """Return the percentage, `25%`. It never rounds something to 0% or a part to 100%."""
    percent = round(100 * number / total)
    if percent == 0 and number:
        return _("under %(number)s%%", number=1)
    if percent == 100 and number < total:
        return _("over %(number)s%%", number=99)
    return _("%(number)s%%", number=percent)


def for_days(url: str, first: date, last: date) -> str:
    """Put days into the places of a URL. The places are quoted in it, and no cleaned text has them."""
    return url.replace(quote(FIRST_PLACE), first.isoformat()).replace(quote(LAST_PLACE), last.isoformat())


def listed(texts: Sequence[str]) -> str:
    """Join texts to a list, `3 answered, 1 missed`."""
    return format_list(texts, style="unit", locale=viewer_locale())
