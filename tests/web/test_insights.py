"""The chart, the totals and the week: their numbers are those of the calls that the list shows."""

from collections import Counter
from datetime import datetime
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from tests.support.person import Person
from tests.support.sandbox import Call, Sandbox
from tests.web.conftest import NewCall

ZONE = "America/St_Johns"
LABELS = {
    ("inbound", "answered"): "Incoming",
    ("outbound", "answered"): "Outgoing",
    ("inbound", "missed"): "Missed",
    ("outbound", "missed"): "No answer",
    ("inbound", "voicemail"): "Voicemail",
    ("outbound", "voicemail"): "Voicemail left",
    ("unknown", "missed"): "Missed",
}


def local_time(call: Call) -> datetime:
    """When the call came, by the viewer's clock."""
    return datetime.fromisoformat(call["created_at"]).astimezone(ZoneInfo(ZONE))


def label_of(call: Call) -> str:
    """The word that the pictures have for a call of this type."""
    return LABELS.get((call["direction"], call["call_type"]), "Unknown")


def table(person: Person, selector: str) -> dict[str, dict[str, int]]:
    """The table by the heads of its rows and columns."""
    names = [head.get_text(strip=True) for head in person.page.select(f"{selector} thead th")]
    rows = {}
    for row in person.page.select(f"{selector} tbody tr"):
        head, *cells = (cell.get_text(strip=True) for cell in row.select("th, td"))
        rows[head] = {name: int(cell.replace(",", "")) for name, cell in zip(names[1:], cells, strict=True)}
    return rows


def totals(person: Person) -> dict[str, int]:
    """The totals by their labels."""
    names = [name.get_text(strip=True) for name in person.page.select(".totals dt")]
    numbers = [number.get_text(strip=True) for number in person.page.select(".totals__number")]
    return {name: int(number.replace(",", "")) for name, number in zip(names, numbers, strict=True)}


def days_of(calls: list[Call]) -> dict[str, Counter[str]]:
    """How many calls of each label came on each day."""
    days: dict[str, Counter[str]] = {}
    for call in calls:
        day = local_time(call)
        days.setdefault(f"{day:%a} {day.day} {day:%b} {day.year}", Counter()).update([label_of(call), "All"])
    return days


def without_nothing(rows: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The rows and cells that count any call."""
    found = {name: {key: number for key, number in row.items() if number} for name, row in rows.items()}
    return {name: row for name, row in found.items() if row}


@pytest.fixture
def viewer(alice: Person) -> Person:
    """Alice, in a zone that is half an hour off the full hours."""
    alice.client.set_cookie("tz", ZONE)
    return alice


@pytest.mark.parametrize("path", ["/calls", "/insights"])
def test_the_days_are_those_of_the_filtered_calls(viewer: Person, sandbox: Sandbox, path: str) -> None:
    calls = sandbox.calls()
    inbox = [call for call in calls if not call["is_archived"]]
    rest = [call for call in calls if call["is_archived"] and call["direction"] == "inbound"]

    for query, wanted in (
        ("view=all", calls),
        ("view=inbox", inbox),
        ("view=archived&direction=inbound", rest),
    ):
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


def test_hours_are_written_as_in_the_viewers_region(viewer: Person) -> None:
    viewer.get("/insights", headers={"Accept-Language": "en-US"})

    hours = [head.text.replace("\xa0", " ") for head in viewer.page.select(".week thead th")]
    assert hours[1:3] + hours[-1:] == ["12 AM", "1 AM", "11 PM"]
    rows = [head.text for head in viewer.page.select("#call-backs tbody th")]
    assert not [row for row in rows if row.endswith(":00")]


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


def test_calls_of_unknown_type_direction_or_time_are_counted_and_said(
    viewer: Person, sandbox: Sandbox, new_call: NewCall
) -> None:
    missed = totals(viewer.get("/insights?view=inbox"))["Missed"]
    new_call(call_type="fax", direction="inbound", is_archived=False)
    new_call(created_at="no time", call_type="missed", direction="inbound", is_archived=False)
    expected = Counter(map(label_of, sandbox.calls()))

    assert +Counter(totals(viewer.get("/insights?view=all"))) == expected + Counter({"All calls": 96})
    assert "1 call without a date" in viewer.text
    assert sum(row["Unknown"] for row in table(viewer, "#chart").values()) == 1

    new_call(call_type="missed", direction="sideways", is_archived=False)
    assert totals(viewer.get("/insights?view=inbox"))["Missed"] == missed + 2
    assert int(str(viewer.get("/calls").find("#page-head")["data-missed"])) == missed + 2


def test_a_total_leads_to_exactly_its_calls(viewer: Person, new_call: NewCall) -> None:
    for call_type in ("answered", "missed", "fax"):
        new_call(call_type=call_type, direction="sideways", is_archived=False)
    for query in ("", "view=all&direction=inbound"):
        viewer.get(f"/insights?{query}&per_page=100")
        links = {str(link["href"]): int(link.text) for link in viewer.page.select(".totals a")}

        assert len(links) > 1
        assert {link: len(viewer.get(link).call_ids) for link in links} == links


def test_where_no_call_matches_nothing_is_drawn(viewer: Person) -> None:
    viewer.get("/insights?q=nothing-has-this")

    assert "No calls found" in viewer.text
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


def test_insights_begin_with_all_calls_and_stay_in_the_view_that_was_chosen(viewer: Person) -> None:
    viewer.get("/calls?type=missed")
    link = next(str(link["href"]) for link in viewer.page.select(".toolbar a") if link.text == "Insights")

    viewer.get(link)
    assert totals(viewer)["All calls"] == len(viewer.get("/calls?view=all&type=missed&per_page=100").call_ids)
    viewer.get(link)
    assert viewer.find("#views [aria-current]").get_text(" ", strip=True).startswith("All")
    assert str(viewer.page.select(".trail a")[0]["href"]) == "/calls?type=missed&per_page=25"

    viewer.get(str(viewer.page.select("#views a")[0]["href"]))
    assert viewer.find("#views [aria-current]").get_text(" ", strip=True).startswith("Inbox")
    links = [str(link["href"]) for link in viewer.page.select(".dates__choices a")]
    assert all("view=inbox" in link for link in links)
