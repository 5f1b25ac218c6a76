"""Template filters: numbers, times, durations, counts and kinds of calls."""

from datetime import UTC, date, datetime, timedelta

import pytest

from aircall.web import formatting
from aircall.web.formatting import SHORT_WITH_WEEKDAY, counted_calls, day_name, share
from aircall.web.i18n import speaking
from aircall.web.kinds import kind
from tests.support.made_calls import made_call

NOON = datetime(2026, 11, 23, 11, 15, tzinfo=UTC)
LATE = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "text", "country", "uri"),
    [
        ("+33612345678", "+33 6 12 34 56 78", "France", "tel:+33612345678"),
        ("tel:+33123456789;ext=12", "+33 1 23 45 67 89 ext. 12", "France", "tel:+33123456789;ext=12"),
        (" +33612345678 ", "+33 6 12 34 56 78", "France", "tel:+33612345678"),
        ("+1 (202) 555-0170", "+1 202-555-0170", "United States", "tel:+12025550170"),
        ("+16135550170", "+1 613-555-0170", "Canada", "tel:+16135550170"),
        ("+80012345678", "+800 1234 5678", "", "tel:+80012345678"),
        *((as_it_came, as_it_came, "", "") for as_it_came in ("Front desk", "0612345678", "+33")),
        ("", "Unknown number", "", ""),
        *(
            (withheld, "Private number", "", "")
            for withheld in ("anonymous", "Restricted", "sip:anonymous@a.invalid", "+266696687")
        ),
    ],
)
def test_a_number_is_international_and_has_a_country_or_is_as_it_came_and_cannot_be_dialed(
    number: str, text: str, country: str, uri: str
) -> None:
    assert formatting.phone(number) == text
    assert formatting.country(number) == country
    assert formatting.phone_uri(number) == uri
    assert formatting.with_phones([number]) == [(number, text)]


@pytest.mark.parametrize(
    ("instant", "zone", "time", "abbreviation"),
    [
        (NOON, "Europe/Paris", "12:15", "CET"),
        (SUMMER, "Europe/Paris", "14:00", "CEST"),
        (NOON, "America/New_York", "06:15", "EST"),
        (NOON, "Asia/Kathmandu", "17:00", "UTC+0545"),
        (NOON, "UTC", "11:15", "UTC"),
    ],
)
def test_a_time_is_told_in_the_viewers_zone(
    instant: datetime, zone: str, time: str, abbreviation: str
) -> None:
    assert formatting.clock(instant, zone) == time
    assert formatting.zone_name(instant, zone) == abbreviation


def test_the_day_is_the_viewers_and_a_time_for_machines_is_utc() -> None:
    assert formatting.day_time(LATE, "UTC") == "Monday 23 November 2026, 23:30"
    assert formatting.day_time(LATE, "Europe/Paris") == "Tuesday 24 November 2026, 00:30"
    assert formatting.iso(LATE) == "2026-11-23T23:30:00.000Z"


def test_a_call_without_a_time_says_so() -> None:
    assert formatting.clock(None, "UTC") == "Unknown time"
    assert formatting.day_time(None, "UTC") == "Unknown time"
    assert formatting.zone_name(None, "UTC") == ""
    assert formatting.iso(None) == ""


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 11, 3), date(2026, 11, 25), "3 Nov to 25 Nov 2026"),
        (date(2026, 11, 3), date(2026, 11, 3), "3 Nov 2026"), (date(2026, 11, 3), None, "From 3 Nov 2026"),
        (None, date(2026, 11, 25), "Until 25 Nov 2026"), (None, None, "Dates"),
    ],
)  # fmt: skip
def test_a_range_of_days_may_be_open_and_leaves_out_nothing_but_this_year(
    first: date | None, last: date | None, text: str
) -> None:
    assert formatting.day_range((first, last)) == text
    assert formatting.day_range((first, last), date(2027, 1, 1)) == text
    assert formatting.day_range((first, last), date(2026, 1, 1)) == text.removesuffix(" 2026")
    two_years = (date(2025, 11, 3), date(2026, 11, 3))
    assert formatting.day_range(two_years, date(2026, 11, 24)) == "3 Nov 2025 to 3 Nov 2026"


def test_a_recent_time_has_its_day_where_that_is_not_today() -> None:
    assert formatting.recent_time(LATE, "UTC", date(2026, 11, 23)) == "23:30"
    assert formatting.recent_time(LATE, "UTC", date(2026, 11, 24)) == "23 Nov, 23:30"
    assert formatting.recent_time(LATE, "UTC", date(2027, 1, 1)) == "23 Nov 2026, 23:30"
    assert formatting.recent_time(LATE, "Europe/Paris", date(2026, 11, 24)) == "00:30"
    assert formatting.since_time(LATE, "UTC", date(2026, 11, 24)) == "23 Nov, 23:30"
    with speaking("fr"):
        assert formatting.since_time(LATE, "UTC", date(2026, 11, 24)) == "le 23 nov., 23:30"
        assert formatting.since_time(LATE, "UTC", date(2026, 11, 23)) == "23:30"


@pytest.mark.parametrize(
    ("length", "text", "machine"),
    [
        (timedelta(0), "0 s", "PT0S"),
        (timedelta(milliseconds=3), "1 s", "PT1S"),
        (timedelta(milliseconds=13_700), "14 s", "PT14S"),
        (timedelta(milliseconds=59_600), "1 min 00 s", "PT1M"),
        (timedelta(seconds=73), "1 min 13 s", "PT1M13S"),
        (timedelta(hours=1, minutes=10, seconds=5), "1 h 10 min", "PT1H10M5S"),
        (timedelta(hours=30), "30 h 00 min", "PT30H"),
        (None, "", ""),
    ],
)
def test_a_duration_reads_in_its_two_largest_units(length: timedelta | None, text: str, machine: str) -> None:
    assert formatting.duration(length) == text.replace(" ", formatting.NO_BREAK_SPACE)
    assert formatting.duration_iso(length) == machine


@pytest.mark.parametrize(
    ("direction", "call_type", "label"),
    [
        ("inbound", "answered", "Incoming"), ("outbound", "answered", "Outgoing"),
        ("unknown", "answered", "Answered"), ("inbound", "missed", "Missed"),
        ("outbound", "missed", "No answer"), ("inbound", "voicemail", "Voicemail"),
        ("outbound", "voicemail", "Voicemail left"), ("inbound", "unknown", "Unknown"),
    ],
)  # fmt: skip
def test_every_sort_of_call_has_a_name(direction: str, call_type: str, label: str) -> None:
    assert kind(made_call(direction=direction, call_type=call_type)).label == label


def test_counted_calls_are_one_or_many() -> None:
    assert counted_calls(0) == "0 calls"
    assert counted_calls(1) == "1 call"
    assert counted_calls(94_000) == "94,000 calls"


@pytest.mark.parametrize(
    ("number", "total", "text"),
    [(1, 4, "25%"), (4, 4, "100%"), (0, 4, "0%"), (1, 1000, "under 1%"), (999, 1000, "over 99%")],
)
def test_a_share_is_never_said_to_be_none_or_all_where_it_is_not(number: int, total: int, text: str) -> None:
    assert share(number, total) == text


@pytest.mark.parametrize(
    ("written", "time", "day", "hours"),
    [
        ("en", "Mon 23 Nov 2026, 23:30", "Monday 23 November 2026", ("00:00", "12:00", "24:00")),
        ("en-US", "Mon, Nov 23, 2026, 11:30 PM", "Monday, November 23, 2026", ("12 AM", "12 PM", "12 AM")),
        ("en-AU", "Mon 23 Nov 2026, 11:30 pm", "Monday 23 November 2026", ("12 am", "12 pm", "12 am")),
        ("fr", "lun. 23 nov. 2026, 23:30", "lundi 23 novembre 2026", ("00:00", "12:00", "24:00")),
    ],
)
def test_days_and_times_are_written_as_in_the_viewers_region(
    written: str, time: str, day: str, hours: tuple[str, ...]
) -> None:
    with speaking(written):
        short = f"{day_name(LATE.date(), SHORT_WITH_WEEKDAY)}, {formatting.clock(LATE, 'UTC')}"
        assert short.replace(formatting.NO_BREAK_SPACE, " ") == time
        assert formatting.day_time(LATE, "UTC").startswith(f"{day}, ")
        shown = tuple(
            formatting.hour(number).replace(formatting.NO_BREAK_SPACE, " ") for number in (0, 12, 24)
        )
        assert shown == hours
