"""The call list's filters and its search: what they find, what they say, what keeps them."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.support.person import Person
from tests.support.sandbox import Sandbox


@pytest.mark.parametrize(
    ("query", "sentence"),
    [("from=yesterday", "not a usable date"), ("to=9999-12-31", "not a usable date"), ("type=fax", "fax"),
     ("direction=up", "up"), ("view=trash", "trash"), ("from=2026-12-01&to=2026-11-01", "after the last"),
     ("from=0001-01-01", "not a usable date")],
)  # fmt: skip
def test_an_unusable_filter_is_said(alice: Person, query: str, sentence: str) -> None:
    alice.get(f"/calls?{query}")

    assert alice.status == 200
    assert sentence in alice.text


def test_a_search_finds_a_number_in_any_spelling(alice: Person, sandbox: Sandbox) -> None:
    number = sandbox.calls()[0]["from"]
    national = "0" + number.removeprefix("+33")
    spellings = [
        number,
        "0033" + number[3:],
        national,
        f"{national[:2]} {national[2:4]} {national[4:]}",
        number[-6:],
    ]

    for spelling in spellings:
        alice.get("/calls", query_string={"view": "all", "q": spelling})
        assert sandbox.calls()[0]["id"] in alice.call_ids, spelling


def test_filters_together_show_what_passes_each_and_a_day_is_that_of_the_viewer(
    alice: Person, sandbox: Sandbox
) -> None:
    zone = ZoneInfo("Pacific/Kiritimati")
    alice.client.set_cookie("tz", zone.key)
    calls = sorted(sandbox.calls(), key=lambda call: (call["created_at"], call["id"]), reverse=True)
    days = {call["id"]: datetime.fromisoformat(call["created_at"]).astimezone(zone).date() for call in calls}
    first, last = sorted(days.values())[10], sorted(days.values())[-10]

    for one in calls[::6]:
        same = {"type": "call_type", "direction": "direction", "line": "via"}
        query = {name: one[key] for name, key in same.items()} | {"from": first, "to": last}
        alice.get("/calls", query_string={"view": "all", "per_page": 100, **query})
        expected = [
            call["id"]
            for call in calls
            if all(call[key] == one[key] for key in same.values()) and first <= days[call["id"]] <= last
        ]
        assert alice.call_ids == expected


def test_nothing_found_offers_to_clear_the_filters(alice: Person) -> None:
    alice.get("/calls?q=nothing-has-this")

    assert "No calls match" in alice.text
    assert len(alice.page.find_all("a", string=re.compile("Clear"))) == 1


def test_a_blank_list_keeps_its_count_its_page_size_and_what_leads_elsewhere(alice: Person) -> None:
    alice.get("/calls?q=nothing-has-this&per_page=50")

    assert alice.find(".toolbar__summary").get_text(strip=True) == "0 calls"
    assert alice.find("#per-page option[selected]")["value"] == "50"
    assert len(alice.page.select("[name=per_page]")) == 1
    links = {link.get_text(strip=True) for link in alice.page.select(".toolbar a, .pager a")}
    assert {"Insights", "Export CSV"} <= links


def test_the_calls_of_one_number_are_shown_in_words_and_every_link_keeps_to_them(
    alice: Person, sandbox: Sandbox
) -> None:
    call = next(call for call in sandbox.calls() if call["direction"] == "inbound")
    spelling = f"00{call['from'].removeprefix('+')}"

    alice.get("/calls", query_string={"view": "all", "number": spelling})

    assert call["id"] in alice.call_ids
    assert len(alice.call_ids) < 94
    assert alice.find("#list [name=number]")["value"] == spelling
    assert alice.find("#list [name=number]")["form"] == "filters"
    links = alice.page.select("#views a, .dates a, .toolbar__more a, [data-call-id] a")
    assert all(f"number={spelling}" in str(link["href"]) for link in links)
    tag, clear = alice.page.select("a.toolbar__clear")
    assert "Number" in tag.text
    assert "number=" not in str(tag["href"]) + str(clear["href"])


def test_what_is_no_number_is_said(alice: Person) -> None:
    alice.get("/calls?view=all&number=anonymous")

    assert "“anonymous” is not a number" in alice.text
    assert "of 94 calls" in alice.text


@pytest.mark.parametrize("query", ["type=unknown", "direction=unknown", "line=%2B33000000000"])
def test_the_form_keeps_a_filter_that_it_does_not_offer(alice: Person, query: str) -> None:
    name, _, value = query.replace("%2B", "+").partition("=")

    alice.get(f"/calls?view=all&{query}")

    assert alice.find(f"#filter-{name} option[selected]").get_text() == value


def test_recent_days_are_a_link_away(alice: Person) -> None:
    alice.get("/calls?view=all&type=missed")

    links = {link.get_text(strip=True): str(link["href"]) for link in alice.page.select("#dates a")}
    alice.get(links["Last 7 days"])

    assert set(links) == {"Today", "Yesterday", "Last 7 days"}
    assert alice.find("#filter-to")["value"] == datetime.now(UTC).date().isoformat()
    assert alice.find("#filter-type option[selected]")["value"] == "missed"
