"""Filters and search of the call list: what they find and say, and what keeps them."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.support.person import Person
from tests.support.sandbox import Sandbox


def test_an_unusable_filter_is_named(alice: Person) -> None:
    for query, sentence in (
        ("from=yesterday", "not a usable date"), ("to=9999-12-31", "not a usable date"),
        ("type=fax", "“fax”"), ("direction=up", "“up”"), ("view=trash", "“trash”"),
        ("from=2026-12-01&to=2026-11-01", "after the last"),
        ("view=all&number=anonymous", "“anonymous” is not a number"),
    ):  # fmt: skip
        alice.get(f"/calls?{query}")

        assert alice.status == 200
        assert sentence in alice.find("#list-state").get_text(), query


def test_a_search_finds_a_number_in_any_spelling(alice: Person, sandbox: Sandbox) -> None:
    call = sandbox.calls()[0]
    number = call["from"]
    national = "0" + number.removeprefix("+33")
    grouped = f"{national[:2]} {national[2:4]} {national[4:]}"

    for spelling in (number, "0033" + number[3:], national, grouped, number[-6:]):
        alice.get("/calls", query_string={"view": "all", "q": spelling})
        assert call["id"] in alice.call_ids, spelling


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
