"""The pictures of the calls: what is drawn, and the table behind it, is what the list shows."""

from collections import Counter
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.web.pictures import ZONE, days_of, label_of, local_time, table, totals, without_nothing


@pytest.fixture
def viewer(alice: Person) -> Person:
    """Alice, whose clock is half an hour off everybody else's."""
    alice.client.set_cookie("tz", ZONE)
    return alice


@pytest.mark.parametrize(
    ("query", "is_wanted"),
    [
        ("view=all", lambda _: True),
        ("", lambda call: not call["is_archived"]),
        ("view=all&type=missed", lambda call: call["call_type"] == "missed"),
        ("view=archived&direction=inbound", lambda c: c["is_archived"] and c["direction"] == "inbound"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/calls", "/insights"])
def test_the_days_are_those_of_the_filtered_calls(
    viewer: Person, sandbox: Sandbox, path: str, query: str, is_wanted: object
) -> None:
    wanted = [call for call in sandbox.calls() if callable(is_wanted) and is_wanted(call)]

    viewer.get(f"{path}?{query}")

    assert without_nothing(table(viewer, "#chart")) == days_of(wanted)


def test_the_totals_and_the_hours_of_the_week_are_those_of_the_filtered_calls(
    viewer: Person, sandbox: Sandbox
) -> None:
    calls = [call for call in sandbox.calls() if call["direction"] == "inbound"]
    hours = Counter((f"{local_time(call):%a}", f"{local_time(call):%H}") for call in calls)

    viewer.get("/insights?view=all&direction=inbound")

    assert +Counter(totals(viewer)) == Counter(map(label_of, calls)) + Counter({"All calls": len(calls)})
    rows = table(viewer, ".week")
    assert {(day, hour): number for day in rows for hour, number in rows[day].items() if number} == hours
    busiest = max(hours.values())
    assert f"is the busiest, with {busiest} call" in viewer.text
    assert ZONE in viewer.text


@pytest.mark.parametrize("path", ["/calls", "/insights"])
def test_a_bar_leads_to_the_calls_of_its_day_and_keeps_the_other_filters(viewer: Person, path: str) -> None:
    viewer.get(f"{path}?view=all&direction=inbound&per_page=100")
    bars = table(viewer, "#chart")
    drawn = [str(link["href"]) for link in viewer.page.select("#chart svg a")]
    written = [str(link["href"]) for link in viewer.page.select("#chart table a")]

    found = {link: (viewer.get(link).call_ids, viewer.page.select("h2.day__heading")) for link in written}

    assert drawn == written
    assert [len(ids) for ids, _ in found.values()] == [row["All"] for row in bars.values()]
    assert all(len(days) <= 1 for _, days in found.values())
    assert {tuple(parse_qs(urlsplit(link).query)["direction"]) for link in written} == {("inbound",)}


@pytest.mark.parametrize("path", ["/calls", "/insights"])
def test_pictures_are_well_formed_and_styled_by_the_style_sheet_alone(viewer: Person, path: str) -> None:
    viewer.get(f"{path}?view=all")

    pictures = viewer.page.select("#chart svg")
    assert len(pictures) > 3
    for picture in pictures:
        ElementTree.fromstring(str(picture))  # noqa: S314  # our own
    assert viewer.page.select("[style], svg style, svg script") == []


def test_bars_are_as_high_as_their_numbers(viewer: Person) -> None:
    viewer.get("/calls?view=all")

    numbers = [row["All"] for row in table(viewer, "#chart").values() if row["All"]]
    bars = viewer.page.select("#chart svg g")
    heights = [
        sum(float(str(part["height"]).removesuffix("%")) for part in bar.select("rect")) for bar in bars
    ]
    assert heights == pytest.approx([100 * number / max(numbers) for number in numbers], abs=0.1)


@pytest.mark.parametrize(
    ("length", "unit", "fewest", "most"),
    [
        (3, "day", 3, 3),
        (31, "day", 31, 31),
        (60, "week", 9, 10),
        (300, "month", 10, 11),
        (3000, "year", 9, 10),
    ],
)
def test_a_range_of_days_is_drawn_whole_and_a_long_one_by_longer_units(
    viewer: Person, sandbox: Sandbox, length: int, unit: str, fewest: int, most: int
) -> None:
    last = max(local_time(call) for call in sandbox.calls()).date()
    first = last - timedelta(days=length - 1)

    viewer.get(f"/calls?view=all&from={first}&to={last}")

    assert viewer.find("#chart b").text == f"Calls per {unit}"
    assert fewest <= len(table(viewer, "#chart")) <= most


def test_calls_of_an_unknown_type_and_those_without_a_time_are_counted_and_said(
    viewer: Person, sandbox: Sandbox
) -> None:
    sandbox.add_call(call_type="fax", direction="inbound", is_archived=False)
    sandbox.add_call(created_at="no time", call_type="missed", direction="inbound", is_archived=False)
    expected = Counter(map(label_of, sandbox.calls()))
    viewer.client.application.extensions["callboard"].scheduler.request_sync()
    wait_until(
        lambda: totals(viewer.get("/insights?view=all")).get("All calls") == 96, what="both calls on the page"
    )

    assert +Counter(totals(viewer)) == expected + Counter({"All calls": 96})
    assert "1 call without a usable date" in viewer.text
    assert sum(row["Unknown"] for row in table(viewer, "#chart").values()) == 1


def test_calls_without_a_time_are_said_where_no_other_is_there(viewer: Person, sandbox: Sandbox) -> None:
    sandbox.add_call(created_at="no time", call_type="fax", direction="inbound")
    scheduler = viewer.client.application.extensions["callboard"].scheduler
    scheduler.request_sync()

    wait_until(
        lambda: "1 call without a usable date" in viewer.get("/insights?view=all&type=unknown").text,
        what="the call on the page",
    )
    assert not viewer.page.select("#chart")


@pytest.mark.parametrize("query", ["view=all", "", "view=all&direction=inbound", "view=all&type=missed"])
def test_a_total_leads_to_exactly_its_calls(viewer: Person, query: str) -> None:
    viewer.get(f"/insights?{query}&per_page=100")
    links = {str(link["href"]): int(link.text) for link in viewer.page.select(".totals a")}

    found = {link: len(viewer.get(link).call_ids) for link in links}

    assert len(links) > 1
    assert found == links


def test_missed_calls_of_an_unknown_direction_are_missed_calls_and_no_filter_shows_them_with_the_others(
    viewer: Person, sandbox: Sandbox
) -> None:
    before = totals(viewer.get("/insights?view=inbox"))
    sandbox.add_call(call_type="missed", direction="sideways", is_archived=False)
    viewer.client.application.extensions["callboard"].scheduler.request_sync()

    wait_until(lambda: totals(viewer.get("/insights")).get("Missed") == before["Missed"] + 1)
    assert len(viewer.page.select(".totals a")) == len(viewer.page.select(".totals dd.totals__number")) - 1
    assert int(str(viewer.get("/calls").find("#page-head")["data-missed"])) == before["Missed"] + 1


def test_where_no_call_matches_nothing_is_drawn(viewer: Person) -> None:
    viewer.get("/insights?q=nothing-has-this")

    assert "No calls match" in viewer.text
    assert viewer.page.select("#chart, .week") == []

    viewer.get("/calls?q=nothing-has-this")

    assert viewer.find("#chart").has_attr("hidden")


def test_the_way_back_keeps_the_filters_and_the_form_stays_on_the_page(viewer: Person) -> None:
    viewer.get("/insights?view=all&type=missed&per_page=50")

    back, clear = (str(link["href"]) for link in viewer.page.select(".trail a"))
    assert parse_qs(urlsplit(back).query) == {"view": ["all"], "type": ["missed"], "per_page": ["50"]}
    assert urlsplit(back).path == "/calls"
    assert clear == "/insights?view=all&per_page=50"
    assert viewer.find("#filters")["action"] == "/insights"
    assert {urlsplit(str(tab["href"])).path for tab in viewer.page.select("#views a")} == {"/insights"}


def test_an_unusable_filter_is_said(viewer: Person) -> None:
    viewer.get("/insights?type=fax")

    assert "“fax” is not a type we know" in viewer.text


def test_a_stranger_is_sent_to_log_in(stranger: Person) -> None:
    stranger.get("/insights")

    assert stranger.path == "/login"
