"""A call's page: its fields, its neighbors in the list, and other calls with its number."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from aircall.models import Call
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def href(person: Person, selector: str) -> str:
    return str(person.find(selector)["href"])


def add_missed(alice: Person, sandbox: Sandbox, *ages: timedelta, number: str = "+33699887766") -> list[str]:
    """Add missed calls of one number, each so long ago; the dashboard knows them. Return their ids."""
    ids = []
    for age in ages:
        created_at = (datetime.now(UTC) - age).isoformat().replace("+00:00", "Z")
        call = sandbox.add_call(caller=number, direction="inbound", call_type="missed", created_at=created_at)
        assert alice.get(f"/calls/{call['id']}").status == 200
        ids.append(call["id"])
    return ids


def test_it_shows_every_field(alice: Person, sandbox: Sandbox) -> None:
    call = next(call for call in sandbox.calls() if len(call["notes"]) == 2)

    alice.get(f"/calls/{call['id']}")

    element = alice.find(f"[data-call-id='{call['id']}']")
    assert element["data-archived"] == str(call["is_archived"]).lower()
    digits = "".join(char for char in alice.text if char.isdigit())
    for number in (call["from"], call["to"], call["via"]):
        assert number.removeprefix("+") in digits
    assert call["id"] in alice.text
    assert alice.page.select(f"time[datetime='{call['created_at']}']")
    notes = [note.get_text(strip=True) for note in alice.page.select("#notes li p")]
    assert notes == [note["content"] for note in call["notes"]]


def test_newer_and_older_stay_inside_the_filtered_list(alice: Person) -> None:
    ids = alice.get("/calls?type=missed").call_ids

    alice.get(href(alice, f"#call-{ids[2]} a"))

    newer, older, back = (href(alice, each) for each in ("a[rel=prev]", "a[rel=next]", "nav.trail > a"))
    assert ids[1] in newer
    assert ids[3] in older
    assert "type=missed" in newer
    assert "type=missed" in back
    assert back.endswith(f"#call-{ids[2]}")


def test_the_way_back_leads_to_the_page_that_the_call_is_on_by_now(
    app: Flask, alice: Person, sandbox: Sandbox
) -> None:
    first = alice.get("/calls?view=all&per_page=10").call_ids
    following = href(alice, f"#call-{first[-1]} a")
    app.extensions["callboard"].replica.apply(Call.from_json(sandbox.add_call()))

    alice.get(following).get(href(alice, "nav.trail > a"))
    assert alice.call_ids == first

    alice.get(following)
    for _ in range(4):
        alice.get(href(alice, "a[rel=next]"))
    call_id = str(alice.find("#call")["data-call-id"])
    alice.get(href(alice, "nav.trail > a"))
    assert alice.call_ids.index(call_id) == 3
    assert "11–20 of 94" in alice.text


def test_the_way_back_from_a_call_that_came_since_leads_to_it(
    app: Flask, alice: Person, sandbox: Sandbox
) -> None:
    alice.get("/calls?view=all&per_page=10")
    following = href(alice, f"#call-{alice.call_ids[0]} a")
    new = sandbox.add_call()
    app.extensions["callboard"].replica.apply(Call.from_json(new))

    alice.get(following)
    alice.get(href(alice, "a[rel=prev]"))
    assert alice.find("#call")["data-call-id"] == new["id"]
    alice.get(href(alice, "nav.trail > a"))

    assert alice.call_ids[0] == new["id"]


def test_the_first_call_has_no_newer_and_the_last_no_older_one(alice: Person) -> None:
    ids = alice.get("/calls?per_page=100").call_ids

    for call_id, relation in ((ids[0], "next"), (ids[-1], "prev")):
        links = alice.get(f"/calls/{call_id}").page.select("a[rel]")
        assert [link["rel"] for link in links] == [[relation]]


def test_a_call_that_has_just_left_the_list_keeps_its_place_in_it(alice: Person) -> None:
    ids = alice.get("/calls").call_ids
    alice.get(href(alice, f"#call-{ids[2]} a"))

    alice.submit(f"/calls/{ids[2]}/archive", archived="true")

    assert alice.find("#call")["data-archived"] == "true"
    assert ids[1] in href(alice, "a[rel=prev]")
    assert ids[3] in href(alice, "a[rel=next]")


@pytest.mark.parametrize("number", ["anonymous", "", "112", "+33", "+33 6 ring me", "javascript:alert(1)"])
def test_a_number_that_cannot_be_dialed_is_no_link(alice: Person, sandbox: Sandbox, number: str) -> None:
    call = sandbox.add_call(caller=number, direction="inbound", call_type="missed")

    assert alice.get(f"/calls/{call['id']}").status == 200
    assert not alice.page.select("#call a")


def test_a_number_that_can_be_dialed_is_a_link(alice: Person, sandbox: Sandbox) -> None:
    call = sandbox.add_call(caller="+33 6 12 34 56 78", direction="inbound", call_type="missed")

    alice.get(f"/calls/{call['id']}")

    assert href(alice, "#call a") == "tel:+33612345678"
    assert alice.find("#call a").get_text(strip=True) == "Call back"


def test_an_unknown_call_is_not_found(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    before = sandbox.counters().call_reads

    for name in ("1", "..%2Fme", "%00", "null", "A" * 5000, call_id.upper()):
        assert alice.get(f"/calls/{name}").status == 404
        assert "does not exist" in alice.text
    assert sandbox.counters().call_reads == before

    assert alice.get("/calls/0f9c3b52-6a1d-4f0e-8d57-2b1c9e7a4d60").status == 404
    assert "does not exist" in alice.text


def test_a_call_that_the_api_does_not_know_any_more_leaves_the_list(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    sandbox.remove_call(call_id)

    assert alice.get(f"/calls/{call_id}").status == 404
    assert call_id not in alice.get("/calls").call_ids


def test_other_calls_with_the_number_are_counted_and_the_last_ones_shown(
    alice: Person, sandbox: Sandbox
) -> None:
    ids = add_missed(alice, sandbox, *[timedelta(days=2 * number) for number in range(8)])
    sandbox.add_note(ids[1], "Asked for the manager")

    alice.get(f"/calls/{ids[7]}?view=all&type=missed")

    related = alice.find("#context")
    assert "7 calls, missed 7 times, once today" in " ".join(related.get_text().split())
    links = [str(link["href"]) for link in related.select("li a")]
    assert [link.partition("?")[0] for link in links] == [f"/calls/{call_id}" for call_id in ids[:5]]
    assert all("view=all" in link and "type=missed" in link for link in links)
    assert related["data-number"] == "33699887766"


def test_the_link_to_all_calls_with_the_number_leads_to_exactly_those(
    alice: Person, sandbox: Sandbox
) -> None:
    ids = add_missed(alice, sandbox, *[timedelta(hours=number) for number in range(3)])
    # A longer number that begins alike.
    add_missed(alice, sandbox, timedelta(0), number="+336998877661")
    alice.get(f"/calls/{ids[0]}?type=answered")

    assert alice.find("#context > a").get_text(strip=True) == "All 3 calls with this number"
    assert alice.get(href(alice, "#context > a")).call_ids == ids
    assert "Number +33 6 99 88 77 66" in alice.text


@pytest.mark.parametrize(
    ("number", "sentence"),
    [("anonymous", "There is no number to find others by."), ("+33699887766", "None.")],
)
def test_a_call_without_related_calls_says_so(
    alice: Person, sandbox: Sandbox, number: str, sentence: str
) -> None:
    sandbox.add_call(caller="anonymous", direction="inbound")
    (call_id,) = add_missed(alice, sandbox, timedelta(0), number=number)

    # Until the first sync has ended, it says "so far".
    wait_until(lambda: sentence == alice.get(f"/calls/{call_id}").find("#context p").get_text(strip=True))

    assert not alice.page.select("#context a")
