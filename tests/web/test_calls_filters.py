"""Filters and search of the call list: what they find and say, and what keeps them."""

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from aircall.web.list_query import OFFERED_LINES
from tests.support.person import Person
from tests.support.sandbox import Sandbox


@pytest.mark.parametrize("path", ["/calls", "/insights"])
def test_an_unusable_filter_is_named(alice: Person, path: str) -> None:
    alice.get(f"{path}?from=yesterday&to=9999-12-31&type=fax&direction=up&view=trash&number=anonymous")

    assert alice.status == 200
    for sentence in (
        "“yesterday” is not a usable date", "“9999-12-31” is not a usable date", "“up”", "“trash”",
        "“fax” is not a type we know", "“anonymous” is not a number",
    ):  # fmt: skip
        assert sentence in alice.text
    alice.get(f"{path}?from=2026-12-01&to=2026-11-01")
    assert "The first day is after the last one" in alice.text


def test_a_search_finds_a_number_in_another_spelling(alice: Person, sandbox: Sandbox) -> None:
    call = next(call for call in sandbox.calls() if call["from"].startswith("+33"))

    alice.get("/calls", query_string={"view": "all", "q": f"0033 {call['from'][3:]}"})

    assert call["id"] in alice.call_ids
    assert len(alice.call_ids) < 25


def test_filters_together_show_what_passes_each_and_a_day_is_that_of_the_viewer(
    alice: Person, sandbox: Sandbox
) -> None:
    zone = ZoneInfo("Pacific/Kiritimati")
    alice.client.set_cookie("tz", zone.key)
    calls = sorted(sandbox.calls(), key=lambda call: (call["created_at"], call["id"]), reverse=True)
    days = {call["id"]: datetime.fromisoformat(call["created_at"]).astimezone(zone).date() for call in calls}
    first, last = sorted(days.values())[10], sorted(days.values())[-10]

    for one in calls[::10]:
        same = {"type": "call_type", "direction": "direction", "line": "via"}
        query = {name: one[key] for name, key in same.items()} | {"from": first, "to": last}
        alice.get("/calls", query_string={"view": "all", "per_page": 100, **query})
        assert alice.call_ids == [
            call["id"]
            for call in calls
            if all(call[key] == one[key] for key in same.values()) and first <= days[call["id"]] <= last
        ]


def test_an_empty_list_offers_to_clear_the_filters_and_keeps_the_rest(alice: Person) -> None:
    alice.get("/calls?q=nothing-has-this&per_page=50")

    assert "No calls match" in alice.text
    assert len(alice.page.find_all("a", string=re.compile("Clear"))) == 1
    assert alice.find(".toolbar__summary").get_text(strip=True) == "0 calls"
    assert alice.find("#per-page option[selected]")["value"] == "50"
    assert len(alice.page.select("[name=per_page]")) == 1
    links = {link.get_text(strip=True) for link in alice.page.select(".toolbar a, .pager a")}
    assert {"Insights", "Export CSV"} <= links


def test_the_filter_by_a_number_is_shown_and_every_link_keeps_it(alice: Person, sandbox: Sandbox) -> None:
    call = next(call for call in sandbox.calls() if call["direction"] == "inbound")
    spelling = f"00{call['from'].removeprefix('+')}"

    alice.get("/calls", query_string={"view": "all", "number": spelling})

    assert call["id"] in alice.call_ids
    assert len(alice.call_ids) < 94
    field = alice.find("#list [name=number]")
    assert (field["value"], field["form"]) == (spelling, "filters")
    links = alice.page.select("#views a, .dates a, .toolbar__more a, [data-call-id] a")
    assert all(f"number={spelling}" in str(link["href"]) for link in links)
    tag, clear = alice.page.select("a.toolbar__clear")
    assert "Number" in tag.text
    assert "number=" not in str(tag["href"]) + str(clear["href"])


def test_the_form_keeps_a_filter_that_it_does_not_offer(alice: Person) -> None:
    for name, value in (("type", "unknown"), ("direction", "unknown"), ("line", "+33000000000")):
        alice.get("/calls", query_string={"view": "all", name: value})

        option = alice.find(f"#filter-{name} option[selected]")
        assert option.get("value", option.get_text()) == value


@pytest.mark.parametrize("path", ["/calls", "/insights"])
def test_the_filter_offers_few_lines_whatever_their_number_and_the_chosen_one(
    alice: Person, sandbox: Sandbox, path: str
) -> None:
    lines = sorted({call["via"] for call in sandbox.calls()})
    assert len(lines) > OFFERED_LINES

    for chosen in (lines[0], lines[-1]):
        alice.get(path, query_string={"view": "all", "line": chosen})
        offered = [str(option["value"]) for option in alice.page.select("#filter-line option")]
        assert (offered[0], offered[-1]) == ("", "other")
        assert offered[1:-1] == sorted({*lines[:OFFERED_LINES], chosen})
        assert alice.find("#filter-line option[selected]")["value"] == chosen


@pytest.mark.parametrize("path", ["/calls", "/insights"])
def test_a_line_typed_in_any_spelling_is_chosen(alice: Person, sandbox: Sandbox, path: str) -> None:
    line = max(call["via"] for call in sandbox.calls())
    digits = line.removeprefix("+33")

    for typed in (f"0{digits}", f"0033 {digits[:1]} {digits[1:]}", f"+33 (0){digits}", digits[1:], line):
        query = {"view": "all", "line": "other", "via": typed, "type": "missed"}
        answer = alice.client.get(path, query_string=query)
        assert (answer.status_code, urlsplit(answer.location).path) == (303, path)
        address = parse_qs(urlsplit(answer.location).query)
        assert (address["line"], address["view"], address["type"]) == ([line], ["all"], ["missed"])
        assert "via" not in address


def test_a_typed_line_that_is_none_or_one_of_several_stays_in_its_field_and_the_page_says_so(
    alice: Person, sandbox: Sandbox
) -> None:
    lines = sorted({call["via"] for call in sandbox.calls()})
    several = [line for line in lines if "77" in line]
    for typed, sentence, links in (
        ("<nobody>", "No line has “<nobody>” in its number, so all lines are shown.", []),
        ("77", "“77” is in the numbers of several lines. Choose one:", several),
        ("3", "“3” is in the numbers of many lines. Type more of it.", []),
        ("", "", []),
    ):
        alice.get("/calls", query_string={"view": "all", "line": "other", "via": typed})

        assert alice.find("#filter-via")["value"] == typed
        assert alice.find("#filter-line option[selected]")["value"] == "other"
        assert len(alice.call_ids) == 25
        said = alice.page.select_one("#line-problem")
        assert (said.get_text() if said else "") == sentence
        found = [parse_qs(urlsplit(str(link["href"])).query) for link in alice.page.select("#typed-line a")]
        assert found == [{"view": ["all"], "line": [line], "per_page": ["25"]} for line in links]


def test_recent_days_are_one_link_away(alice: Person) -> None:
    alice.get("/calls?view=all&type=missed")

    links = {link.get_text(strip=True): str(link["href"]) for link in alice.page.select("#dates a")}
    alice.get(links["Last 7 days"])

    assert set(links) == {"Today", "Yesterday", "Last 7 days"}
    assert alice.find("#filter-to")["value"] == datetime.now(UTC).date().isoformat()
    assert alice.find("#filter-type option[selected]")["value"] == "missed"
