"""The kinds of call that people tell apart, made of a call's direction and type.

How many, in the viewer's language: template filters like those of `formatting`. English elsewhere.

Days in a language: pure functions, to which the locale is passed. Knows no clock.

How numbers, times, durations and kinds of call read on a page: the templates' filters.

All is written in the viewer's language, in English outside of a request. Knows no clock; the zone a page is
rendered in is always passed in, as an IANA name. Times of day have 24 hours in every language.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale
from babel.dates import format_date, get_day_names
from babel.lists import format_list
from babel.numbers import format_decimal
from flask import Flask
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from aircall.models import UNKNOWN, Call, instant_text
from aircall.web.i18n import gettext, lazy_gettext, lazy_pgettext, ngettext, viewer_locale
from aircall.web.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Kind:
    """What sort of call it was, for people: `name` is for styles, `label` is short, `title` stands alone.

    Both are written in the viewer's language, whenever they are.
    """

    name: str
    label: str
    title: str
    icon: str


INCOMING = Kind("answered", lazy_gettext("Incoming"), lazy_gettext("Incoming call"), "phone-incoming")
OUTGOING = Kind("answered", lazy_gettext("Outgoing"), lazy_gettext("Outgoing call"), "phone-outgoing")
ANSWERED = Kind("answered", lazy_gettext("Answered"), lazy_gettext("Answered call"), "phone")
MISSED = Kind("missed", lazy_gettext("Missed"), lazy_gettext("Missed call"), "phone-missed")
NO_ANSWER = Kind("unanswered", lazy_gettext("No answer"), lazy_gettext("Unanswered call"), "phone-missed")
VOICEMAIL = Kind("voicemail", lazy_gettext("Voicemail"), lazy_gettext("Voicemail"), "voicemail")
UNKNOWN_KIND = Kind("unknown", lazy_gettext("Unknown"), lazy_gettext("Call of unknown type"), "phone")

KINDS: Mapping[tuple[str, str], Kind] = {
    ("inbound", "answered"): INCOMING,
    ("outbound", "answered"): OUTGOING,
    ("unknown", "answered"): ANSWERED,
    ("inbound", "missed"): MISSED,
    ("outbound", "missed"): NO_ANSWER,
    ("unknown", "missed"): MISSED,
    ("inbound", "voicemail"): VOICEMAIL,
    ("outbound", "voicemail"): VOICEMAIL,
    ("unknown", "voicemail"): VOICEMAIL,
}

TYPES = {
    "answered": lazy_gettext("Answered"),
    "missed": lazy_gettext("Missed"),
    "voicemail": lazy_gettext("Voicemail"),
    UNKNOWN: lazy_gettext("Unknown"),
}
DIRECTIONS = {
    "inbound": lazy_pgettext("one call", "inbound"),
    "outbound": lazy_pgettext("one call", "outbound"),
    UNKNOWN: lazy_pgettext("one call", "unknown"),
}


def kind(call: Call) -> Kind:
    """What sort of call it was. An outbound call nobody took is not one we missed: it has its own kind."""
    return KINDS.get((call.direction, call.call_type), UNKNOWN_KIND)


def sort_words(call: Call) -> str:
    """The call's type and direction as the API has them, `Missed, inbound`."""
    return gettext(
        "%(type)s, %(direction)s", type=TYPES[call.call_type], direction=DIRECTIONS[call.direction]
    )


def by_kind(sorts: Mapping[tuple[str, str], int]) -> Counter[str]:
    """The numbers of calls by the names of their kinds, the words of the list's rows."""
    numbers: Counter[str] = Counter()
    for sort, number in sorts.items():
        numbers[KINDS.get(sort, UNKNOWN_KIND).name] += number
    return numbers


def count(number: int) -> str:
    """The number with its thousands apart, `94,000`."""
    return number_text(number, viewer_locale())


@lru_cache(maxsize=10_000)
def number_text(number: int, locale: Locale) -> str:
    """The number as it is written in this locale."""
    return format_decimal(number, locale=locale)


def counted_calls(number: int) -> str:
    """How many calls, `1 call` or `94,000 calls`."""
    return ngettext("%(number)s call", "%(number)s calls", number, number=count(number))


def times(number: int) -> str:
    """How often, `once`, `twice` or `3 times`."""
    if number == 1:
        return _("once")
    return _("twice") if number == 2 else _("%(number)s times", number=count(number))


def share(number: int, total: int) -> str:
    """The number as a share of the total, `25%`; a little is not 0%, and not quite all is not 100%."""
    percent = round(100 * number / total)
    if percent == 0 and number:
        return _("under %(number)s%%", number=1)
    if percent == 100 and number < total:
        return _("over %(number)s%%", number=99)
    return _("%(number)s%%", number=percent)


def listed(texts: Sequence[str]) -> str:
    """Several things that belong together, `3 answered, 1 missed`."""
    return format_list(texts, style="unit", locale=viewer_locale())


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
