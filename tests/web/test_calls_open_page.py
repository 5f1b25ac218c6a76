"""An open list: its pages stay in place while calls come in, and it fetches rows and counts."""

import re
from uuid import uuid4

from flask import Flask

from aircall.models import Call
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.conftest import NewCall, services_of

COUNTED_PARTS = ("#page-head", "#views", "#new-calls")


def follow(person: Person, relation: str) -> Person:
    """Follow the link to the next or the previous page."""
    return person.get(str(person.find(f"a[rel={relation}]")["href"]))


def link_to_new(person: Person) -> str | None:
    """Return the text of the link to new calls, None if it is hidden."""
    link = person.find("#new-calls")
    return None if link.has_attr("hidden") else link.get_text(strip=True)


def fetch_counts(person: Person) -> Person:
    return person.get(f"{person.find('#list')['data-counts-url']}&ids=")


def test_newer_leads_back_to_the_first_page_as_it_was_and_offers_what_came(
    alice: Person, new_call: NewCall
) -> None:
    first = alice.get("/calls?view=all&per_page=10").call_ids
    follow(alice, "next")
    for _ in range(3):
        new_call()

    assert follow(alice, "prev").call_ids == first
    assert link_to_new(alice) == "3 new calls – show"
    assert link_to_new(fetch_counts(alice)) == "3 new calls – show"


def test_a_later_page_offers_new_calls_and_counts_from_its_cursor(alice: Person, new_call: NewCall) -> None:
    alice.get("/calls?view=all&per_page=25")
    new = [new_call()]
    assert link_to_new(follow(alice, "next")) == "1 new call – show"
    new += [new_call(), new_call()]

    follow(alice, "prev")
    follow(alice, "next")
    assert link_to_new(alice) == "3 new calls – show"
    # Three of the 97 are newer than the cursor: the page shows the same calls, and counts as the tabs do.
    assert "26–50 of 97 calls" in alice.text
    assert alice.find("#page-head p").get_text(strip=True).startswith("97 calls")
    assert re.search(r"All\s+97", alice.text)

    alice.get(str(alice.find("#new-calls")["href"]))
    assert sorted(alice.call_ids[:3]) == sorted(new)
    assert link_to_new(alice) is None


def test_links_to_pages_keep_the_cursor_and_links_to_other_lists_do_not(alice: Person) -> None:
    alice.get("/calls?view=all&type=missed&per_page=10")
    follow(alice, "next")

    links = [str(link["href"]) for link in alice.page.select("#views a, .dates a, .toolbar a")]
    assert len(links) >= 7
    assert not [link for link in links if "top=" in link]
    assert not alice.page.select("#filters [name=top]")
    assert ["top=" in str(link["href"]) for link in alice.page.select("a[rel]")] == [True, True]


def test_the_way_back_from_a_call_and_from_a_change_keeps_the_cursor(alice: Person) -> None:
    second = str(alice.get("/calls?view=all&per_page=10").find("a[rel=next]")["href"])
    alice.get(second)

    assert alice.find("#list [name=next]")["value"] == second
    alice.get(str(alice.page.select("[data-call-id] a")[0]["href"]))
    assert second in {str(link["href"]).partition("#")[0] for link in alice.page.select("main a[href]")}


def test_the_counts_of_a_page_that_is_up_to_date_are_those_it_shows(alice: Person) -> None:
    alice.get("/calls?type=missed")
    shown = [str(alice.find(part)) for part in COUNTED_PARTS]

    fetch_counts(alice)

    assert [str(alice.find(part)) for part in COUNTED_PARTS] == shown
    assert link_to_new(alice) is None


def test_a_call_that_was_moved_back_is_offered(app: Flask, alice: Person, sandbox: Sandbox) -> None:
    replica = services_of(app).replica
    call_id = alice.get("/calls").call_ids[3]
    replica.apply(Call.from_json(sandbox.archive(call_id)))
    counts_url = str(alice.get("/calls").find("#list")["data-counts-url"])
    replica.apply(Call.from_json(sandbox.archive(call_id)))

    assert link_to_new(alice.get(f"{counts_url}&ids={call_id}")) == "1 new call – show"
    assert link_to_new(alice.get(f"{counts_url}&ids=")) is None


def test_a_row_is_the_same_html_as_in_the_list(alice: Person) -> None:
    query = str(alice.get("/calls?view=all&per_page=10").find("a[rel=next]")["href"]).partition("?")[2]
    alice.get(f"/calls?{query}")
    page, call_id = str(alice.page), alice.call_ids[3]
    link = alice.page.select("[data-call-id] a")[3]["href"]

    # A list with a long filter requests rows without it, and keeps the links that it has.
    assert alice.find("#list")["data-rows-url"] == "/calls/rows"
    alice.get(f"/calls/rows?{query}&ids={call_id}")

    assert str(alice.page).strip().startswith("<li")
    assert "".join(str(alice.page).split()) in "".join(page.split())
    assert "top=" in query
    assert alice.find("a")["href"] == link == f"/calls/{call_id}?{query.removesuffix('&page=2')}"


def test_many_rows_come_at_once_and_unknown_ones_are_left_out(alice: Person) -> None:
    wanted = alice.get("/calls").call_ids[:5]

    alice.get(f"/calls/rows?ids={','.join([*wanted, str(uuid4()), 'nonsense', ''])}")

    assert sorted(alice.call_ids) == sorted(wanted)


def test_more_than_a_hundred_ids_are_refused(alice: Person) -> None:
    ids = ",".join(str(uuid4()) for _ in range(101))
    for path in ("/calls/rows", "/calls/counts"):
        assert alice.get(f"{path}?ids={ids}").status == 400
