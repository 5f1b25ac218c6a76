"""The list's query: what a URL asks for, made usable, and written back into a URL."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.calls.filters import CallFilter, SortKey
from aircall.calls.phone_numbers import number_key
from aircall.models import Call, clean_text
from aircall.web.list_query import PAGE_SIZES, ListQuery, read_query
from tests.support.made_calls import call_id, made_call

PARIS = ZoneInfo("Europe/Paris")
NAMES = ("view", "type", "direction", "line", "number", "q", "from", "to", "per_page", "page", "top")
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), max_size=10)
SORT_KEYS = st.builds(SortKey, st.integers(-(2**53), 2**53), st.integers(0, 2**128 - 1).map(call_id))
# Some with midnights that do not exist or come twice, some with days that begin long before or after UTC's.
ZONES = st.sampled_from(
    ["Europe/Paris", "America/Havana", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
).map(ZoneInfo)
DAYS = st.none() | st.dates(date(1970, 1, 2), date(9998, 12, 30))


QUERIES = st.builds(
    ListQuery,
    view=st.sampled_from(["inbox", "archived", "all"]),
    type=st.sampled_from(["", "answered", "missed", "voicemail", "unknown"]),
    direction=st.sampled_from(["", "inbound", "outbound", "unknown"]),
    line=WORDS,
    number=st.sampled_from(["", "+33 1 89", "0612345678"]),
    q=WORDS,
    date_from=DAYS,
    date_to=DAYS,
    per_page=st.sampled_from(PAGE_SIZES),
    page=st.integers(1, 10**12 - 1),
    cursor=st.none() | SORT_KEYS,
    problems=st.just([]),
)


def read(**args: str) -> ListQuery:
    """Parse URL parameters; `from_` stands for `from`."""
    return read_query({name.rstrip("_"): value for name, value in args.items()}, 25)


def in_url(args: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in args.items()}


def test_a_bare_url_asks_for_the_first_page_of_the_inbox() -> None:
    query = read()

    assert query == ListQuery(view="inbox", per_page=25, page=1)
    assert query.to_filter(PARIS) == CallFilter(view="inbox")
    assert not query.is_filtered


def test_every_part_of_the_url_is_taken() -> None:
    url = (
        "view=archived&type=missed&direction=inbound&line=%2B33118842251&number=0612345678&q=+01+89+"
        "&from=2026-11-22&to=2026-11-23&per_page=50&page=3"
    )

    query = read_query(dict(parse_qsl(url)), 25)

    assert query.problems == []
    assert (query.per_page, query.page) == (50, 3)
    assert query.to_filter(PARIS) == CallFilter(
        view="archived",
        call_type="missed",
        direction="inbound",
        line="+33118842251",
        number=number_key("0612345678"),
        search="01 89",
        since=datetime(2026, 11, 21, 23, tzinfo=UTC),
        until=datetime(2026, 11, 23, 23, tzinfo=UTC),
    )


@pytest.mark.parametrize("name", ["type", "direction", "line", "number", "q", "from_", "to"])
def test_anything_but_the_view_is_a_filter(name: str) -> None:
    values = {"type": "missed", "direction": "inbound", "from_": "2026-11-22", "to": "2026-11-22"}

    assert read(**{name: values.get(name, "1")}).is_filtered
    assert not read(view="all", page="2", per_page="10").is_filtered


@given(query=QUERIES, kept=st.sampled_from(PAGE_SIZES))
def test_the_url_of_a_page_leads_to_it_whatever_page_size_is_kept_and_one_without_to_the_newest_call(
    query: ListQuery, kept: int
) -> None:
    again, anew = (read_query(in_url(query.to_args(**page)), kept) for page in ({"page": query.page}, {}))

    again.problems.clear()
    assert again == query
    assert (anew.page, anew.cursor) == (1, None)


@pytest.mark.parametrize("call", [made_call(), made_call(created_at=None)], ids=["with a time", "without"])
def test_a_change_replaces_its_part_of_the_url_and_the_cursor_goes_with_the_page_alone(call: Call) -> None:
    query = ListQuery(type="missed", q="189", cursor=SortKey.of(call))

    args = query.to_args(page=2)

    assert read_query(in_url(args), 25).cursor == query.cursor
    assert query.to_args(page=1) == {name: value for name, value in args.items() if name != "page"}
    assert query.to_args(type="answered", q="") == {"type": "answered", "per_page": 25}


@given(st.dictionaries(st.sampled_from(NAMES), st.text()), st.sampled_from(PAGE_SIZES))
def test_whatever_stands_in_the_url_the_query_is_usable(args: dict[str, str], kept: int) -> None:
    query = read_query(args, kept)

    wanted = query.to_filter(PARIS)
    assert query.view in ("inbox", "archived", "all")
    assert query.type in ("", "answered", "missed", "voicemail", "unknown")
    assert query.direction in ("", "inbound", "outbound", "unknown")
    assert query.per_page in PAGE_SIZES
    assert query.page >= 1
    assert wanted.search == clean_text(wanted.search).strip()
    assert all(len(problem) < 200 for problem in query.problems)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("view", "everything"), ("type", "Missed"), ("direction", "sideways"), ("number", "front"),
        ("from_", "yesterday"), ("from_", "2026-02-30"), ("from_", "0001-01-01"), ("to", "9999-12-31"),
        ("to", "9" * 100_000),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_left_out_and_named(name: str, text: str) -> None:
    query = read(**{name: text})

    (problem,) = query.problems
    assert f"“{text[:40]}”" in problem
    query.problems.clear()
    assert query == read()


def test_a_range_that_ends_before_it_begins_is_named_and_kept() -> None:
    query = read(from_="2026-11-23", to="2026-11-22")

    assert (query.date_from, query.date_to) == (date(2026, 11, 23), date(2026, 11, 22))
    assert len(query.problems) == 1


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10", 10), ("0", 10), ("-1", 10), ("9999", 100), ("30", 25), ("40", 50), ("", 50), ("many", 50),
        ("9" * 5000, 50),
    ],
)  # fmt: skip
def test_the_page_size_is_the_nearest_there_is_or_the_one_kept(text: str, size: int) -> None:
    assert read_query({"per_page": text}, 50).per_page == size


@pytest.mark.parametrize(
    ("text", "page"), [("7", 7), ("-1", 1), ("0", 1), ("x", 1), ("1.5", 1), ("9" * 99, 1)]
)
def test_the_page_is_a_number_from_one_on(text: str, page: int) -> None:
    assert read(page=text).page == page


def test_a_long_search_is_cut_and_what_cannot_be_shown_is_replaced_as_in_a_note() -> None:
    query = read(q="a\0b" + "c" * 500, line="\x07" + "1" * 500)

    assert query.q == "a\ufffdb" + "c" * 197
    assert query.line == "\ufffd" + "1" * 199


@given(
    zone=ZONES,
    day=st.dates(date(2015, 1, 1), date(2037, 12, 31)),
    length=st.integers(0, 3),
    seconds=st.integers(-2 * 86400, 6 * 86400),
)
def test_a_day_is_what_the_viewers_calendar_calls_that_day(
    zone: ZoneInfo, day: date, length: int, seconds: int
) -> None:
    last = day + timedelta(days=length)
    instant = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)

    wanted = ListQuery(date_from=day, date_to=last).to_filter(zone)

    assert wanted.since is not None
    assert wanted.until is not None
    is_wanted = wanted.since <= instant < wanted.until
    assert is_wanted == (day <= instant.astimezone(zone).date() <= last)


@pytest.mark.parametrize("name", ["Africa/Cairo", "Asia/Beirut", "America/Asuncion", "America/Havana"])
def test_a_day_whose_midnight_does_not_exist_or_comes_twice_still_ends_where_the_next_begins(
    name: str,
) -> None:
    zone, day = ZoneInfo(name), date(2023, 1, 1)

    while day.year < 2025:
        following = day + timedelta(days=1)
        end = ListQuery(date_to=day).to_filter(zone).until
        assert end == ListQuery(date_from=following).to_filter(zone).since
        assert end is not None
        assert end.astimezone(zone).date() == following
        assert (end - timedelta(microseconds=1)).astimezone(UTC).astimezone(zone).date() == day
        day = following


@pytest.mark.parametrize(
    "text",
    [
        "", "1732406400000", "-1-", f"x-{call_id(1)}", f"--1-{call_id(1)}", f"{'9' * 17}-{call_id(1)}",
        f"٣-{call_id(1)}", f"1-{call_id(1)} ", "1-../me", "1-" + "x" * 129,
    ],
)  # fmt: skip
def test_an_unusable_cursor_is_left_out_silently(text: str) -> None:
    assert read_query({"top": text}, 25) == read_query({}, 25)
