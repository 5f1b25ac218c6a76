"""Filters and search of the call list: what they find and say, and what keeps them."""

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from aircall.models import Call
from aircall.web.list_query import OFFERED_LINES
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.conftest import NewCall, services_of


@pytest.mark.parametrize("path", ["/calls", "/insights"])
def test_an_unusable_filter_is_named(alice: Person, path: str) -> None:
    alice.get(f"{path}?from=yesterday&to=9999-12-31&type=fax&direction=up&view=trash&number=anonymous")

    assert alice.status == 200
    for sentence in (
        "“yesterday” is not a date", "“9999-12-31” is not a date", "“up”", "“trash”",
        "“fax” is not a known type", "“anonymous” is not a number",
    ):  # fmt: skip
        assert sentence in alice.text
    alice.get(f"{path}?from=2026-12-01&to=2026-11-01")
    assert "The first day is after the last day" in alice.text


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


@pytest.mark.parametrize("letter", ["q", "Я", "字", "👋", "%"])
def test_no_address_is_longer_than_2000_characters_whatever_is_searched(
    alice: Person, stranger: Person, letter: str
) -> None:
    query = {"q": letter * 200, "type": "missed", "from": "2020-01-01", "to": "2030-01-01", "per_page": "10"}
    path = f"/calls?{urlencode(query)}"

    page = alice.get(path).page

    addresses = [str(element[name]) for name in ("href", "action") for element in page.select(f"[{name}]")]
    addresses += [str(alice.find("#list")["data-counts-url"])]
    assert max(map(len, addresses)) < 2000
    assert str(alice.find("#search")["value"]) in query["q"]
    assert len(str(alice.find("#search")["value"])) >= 100
    assert len(stranger.client.get(path).location) < 2000


def test_an_empty_list_offers_to_clear_the_filters_and_keeps_the_rest(alice: Person) -> None:
    alice.get("/calls?q=nothing-has-this&per_page=50")

    assert "No calls found" in alice.text
    assert len(alice.page.find_all("a", string=re.compile("Clear"))) == 1
    assert alice.find(".toolbar__summary").get_text(strip=True) == "0 calls"
    assert alice.find("#per-page option[selected]")["value"] == "50"
    assert len(alice.page.select("[name=per_page]")) == 1
    links = {link.get_text(strip=True) for link in alice.page.select(".toolbar a, .pager a")}
    assert {"Insights", "Export…"} <= links


def test_the_filter_by_a_number_is_shown_and_every_link_keeps_it(alice: Person, sandbox: Sandbox) -> None:
    call = next(call for call in sandbox.calls() if call["direction"] == "inbound")
    spelling = f"00{call['from'].removeprefix('+')}"

    alice.get("/calls", query_string={"view": "all", "number": spelling})

    assert call["id"] in alice.call_ids
    assert len(alice.call_ids) < 94
    field = alice.find("#list [name=number]")
    assert (field["value"], field["form"]) == (spelling, "filters")
    others = ".dates a, .toolbar__more a:not([href='/directory']), [data-call-id] a"
    links = alice.page.select(f"#views a:not([href^='/callers']), {others}")
    assert all(f"number={spelling}" in str(link["href"]) for link in links)
    tag, clear = alice.page.select("a.toolbar__clear")
    assert "Number" in tag.text
    assert "number=" not in str(tag["href"]) + str(clear["href"])


def test_the_form_keeps_a_filter_that_it_does_not_offer(alice: Person) -> None:
    for name, value in (("type", "unknown"), ("direction", "unknown"), ("line", "+33100000000")):
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
        ("<nobody>", "No line number contains “<nobody>”, so all lines are shown.", []),
        ("77", "Several line numbers contain “77”. Choose one:", several),
        ("3", "Many line numbers contain “3”. Type more of it.", []),
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


def test_the_type_filter_offers_what_rows_say_and_takes_the_types_of_the_api(
    alice: Person, sandbox: Sandbox
) -> None:
    alice.get("/calls")
    offered = {
        option.get_text(strip=True): str(option["value"])
        for option in alice.page.select("#filter-type > option")
    }
    del offered["Type"]
    assert set(offered) == {"Missed", "Voicemail", "Incoming", "Outgoing", "No answer", "Voicemail left"}

    seen = []
    for label, value in offered.items():
        alice.get("/calls", query_string={"view": "all", "type": value, "per_page": 100})
        assert {said.get_text(strip=True) for said in alice.page.select(".call-row__label")} == {label}
        assert alice.find("#filter-type option[selected]").get_text(strip=True) == label
        seen += alice.call_ids
    assert sorted(seen) == sorted(call["id"] for call in sandbox.calls())

    for call_type in ("answered", "missed", "voicemail"):
        alice.get("/calls", query_string={"view": "all", "type": call_type, "per_page": 100})
        of_type = {call["id"] for call in sandbox.calls() if call["call_type"] == call_type}
        assert set(alice.call_ids) == of_type
        alice.get("/calls?view=all&type=no-answer&direction=inbound")
        assert alice.call_ids == []


def test_the_lists_that_people_want_are_one_link_away_with_their_numbers(
    alice: Person, new_call: NewCall
) -> None:
    new_call(call_type="voicemail", direction="outbound", is_archived=False)
    new_call(call_type="voicemail", direction="inbound", created_at="2026-01-01T00:00:00Z", is_archived=False)
    alice.get("/calls?view=archived&per_page=100")
    counts = alice.page.select(".quick a [data-count]")
    found = {str(count["data-count"]): (int(count.text), count.find_parent("a")) for count in counts}
    assert set(found) == {"missed", "voicemail", "today"}
    links = {name: str(link["href"]) for name, (_, link) in found.items() if link}
    for name, (number, _) in found.items():
        alice.get(links[name])
        assert alice.find(".toolbar__summary").get_text(strip=True).endswith(f" of {number} calls")
        assert len(alice.page.select(".quick [aria-current]")) == 1

    alice.get("/calls")
    words = alice.find("#page-head p a")
    assert words.get_text(strip=True) == f"{found['missed'][0]} missed in the inbox"
    assert words["href"] == links["missed"]
    assert alice.page.select(".quick [aria-current]") == []


def test_an_emptied_list_of_missed_calls_congratulates(app: Flask, alice: Person, sandbox: Sandbox) -> None:
    alice.get("/calls?type=missed-call&per_page=100")
    for call_id in alice.call_ids:
        services_of(app).replica.apply(Call.from_json(sandbox.archive(call_id)))

    alice.get("/calls?type=missed-call")

    assert alice.find(".blank__title").get_text() == "Well done"
    assert "Every missed call is archived." in alice.text
    assert alice.find("#page-head [data-count=missed]").get_text() == "0"
    assert alice.get("/calls").find("[data-missed-words]").has_attr("hidden")


def test_a_search_shows_the_note_that_was_found_with_its_words_marked(
    alice: Person, new_call: NewCall
) -> None:
    content = "Il attend sa FACTURE (payée) <b>vite</b>"
    notes = [{"id": str(number), "content": text} for number, text in enumerate(("Rappeler.", content))]
    call_id = new_call(notes=notes, is_archived=False)

    for path in ("/calls", "/calls/rows"):
        alice.get(path, query_string={"q": "payee facture", "ids": call_id})
        assert alice.call_ids == [call_id]
        excerpt = alice.find(".call-row__excerpt")
        assert excerpt.get_text() == content
        assert [mark.get_text() for mark in excerpt.select("mark")] == ["FACTURE", "payée"]
    assert alice.get("/calls").find(f"#call-{call_id} .call-row__excerpt").get_text() == "Rappeler."


def test_the_address_of_the_list_may_end_with_a_slash(alice: Person) -> None:
    answer = alice.client.get("/calls/?view=all&q=a%20b")

    assert (answer.status_code, answer.location) == (303, "/calls?view=all&q=a%20b")
