"""Filters and search of the call list: what they find and say, and what keeps them."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

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

        assert alice.find(f"#filter-{name} option[selected]").get_text() == value


def test_recent_days_are_one_link_away(alice: Person) -> None:
    alice.get("/calls?view=all&type=missed")

    links = {link.get_text(strip=True): str(link["href"]) for link in alice.page.select("#dates a")}
    alice.get(links["Last 7 days"])

    assert set(links) == {"Today", "Yesterday", "Last 7 days"}
    assert alice.find("#filter-to")["value"] == datetime.now(UTC).date().isoformat()
    assert alice.find("#filter-type option[selected]")["value"] == "missed"
