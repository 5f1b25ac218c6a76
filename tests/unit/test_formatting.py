"""Template filters: numbers, times, durations, counts and kinds of calls."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask, render_template_string
from msgspec.structs import replace

from aircall.models import Call
from aircall.web import formatting, i18n
from aircall.web.formatting import counted_calls, kind, share

NOON = datetime(2026, 11, 23, 11, 15, tzinfo=UTC)
CALL = Call(
    id="7876e2eb-1a50-4a7e-afb5-2936cbe6e814",
    direction="inbound",
    call_type="missed",
    caller="+33612345678",
    callee="+33189394635",
    via="+33118842251",
    duration=timedelta(seconds=73),
    is_archived=False,
    created_at=NOON,
    notes=(),
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("+33612345678", "+33 6 12 34 56 78"), ("+12025550170", "+1 202-555-0170"),
        (" +33612345678 ", "+33 6 12 34 56 78"), ("anonymous", "anonymous"), ("0612345678", "0612345678"),
        ("+33", "+33"), ("", "Unknown number"),
    ],
)  # fmt: skip
def test_a_number_is_written_internationally_or_as_it_came(number: str, text: str) -> None:
    assert formatting.phone(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("+33612345678", "France"), ("+12025550170", "United States"), ("+16135550170", "Canada"),
        ("+80012345678", ""), ("0612345678", ""), ("anonymous", ""), ("", ""),
    ],
)  # fmt: skip
def test_the_country_of_a_number_is_said_in_words(number: str, text: str) -> None:
    assert formatting.country(number) == text


@pytest.mark.parametrize(
    ("number", "uri"),
    [
        ("+1 (202) 555-0170", "tel:+12025550170"),
        ("anonymous", ""),
        ("+33", ""),
        ("", ""),
    ],
)
def test_only_a_phone_number_can_be_dialed(number: str, uri: str) -> None:
    assert formatting.phone_uri(number) == uri


def test_a_choice_of_numbers_keeps_them_as_they_came() -> None:
    assert formatting.with_phones(["+33612345678", "front desk"]) == [
        ("+33612345678", "+33 6 12 34 56 78"),
        ("front desk", "front desk"),
    ]


@pytest.mark.parametrize(
    ("zone", "time", "abbreviation"),
    [
        ("Europe/Paris", "12:15", "CET"),
        ("America/New_York", "06:15", "EST"),
        ("Asia/Kathmandu", "17:00", "UTC+0545"),
        ("UTC", "11:15", "UTC"),
    ],
)
def test_a_time_is_told_in_the_viewers_zone(zone: str, time: str, abbreviation: str) -> None:
    assert formatting.clock(NOON, zone) == time
    assert formatting.zone_name(NOON, zone) == abbreviation


def test_the_zone_has_its_summer_name_in_summer() -> None:
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)

    assert formatting.zone_name(summer, "Europe/Paris") == "CEST"
    assert formatting.clock(summer, "Europe/Paris") == "14:00"


def test_the_day_is_the_viewers_day() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)

    assert formatting.day_time(late, "UTC") == "Monday 23 November 2026, 23:30"
    assert formatting.day_time(late, "Europe/Paris") == "Tuesday 24 November 2026, 00:30"


def test_a_time_for_machines_is_utc_with_milliseconds() -> None:
    assert formatting.iso(NOON) == "2026-11-23T11:15:00.000Z"


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


def test_a_range_of_days_in_two_years_has_both() -> None:
    days = (date(2025, 11, 3), date(2026, 11, 3))

    assert formatting.day_range(days, date(2026, 11, 24)) == "3 Nov 2025 to 3 Nov 2026"


def test_a_recent_time_has_its_day_where_that_is_not_today() -> None:
    instant = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)

    assert formatting.recent_time(instant, "UTC", date(2026, 11, 23)) == "23:30"
    assert formatting.recent_time(instant, "UTC", date(2026, 11, 24)) == "23 Nov 2026, 23:30"
    assert formatting.recent_time(instant, "Europe/Paris", date(2026, 11, 24)) == "00:30"


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
        ("outbound", "voicemail", "Voicemail"), ("inbound", "unknown", "Unknown"),
    ],
)  # fmt: skip
def test_every_sort_of_call_has_a_name(direction: str, call_type: str, label: str) -> None:
    call = replace(CALL, direction=direction, call_type=call_type)

    assert kind(call).label == label


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


def test_templates_are_given_the_filters() -> None:
    app = Flask(__name__)
    i18n.register(app)

    formatting.register(app)

    with app.app_context():
        template = (
            "{{ call.caller|phone }} at {{ call.created_at|clock('Europe/Paris') }}, {{ (call|kind).title }}"
        )
        assert render_template_string(template, call=CALL) == "+33 6 12 34 56 78 at 12:15, Missed call"
