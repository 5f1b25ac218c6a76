"""A call's own page."""

import re

import pytest
from flask import Flask

from aircall.models import Call
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


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
    middle = alice.find(f"#call-{ids[2]} a")

    alice.get(str(middle["href"]))

    newer, older = alice.find("a[rel=prev]")["href"], alice.find("a[rel=next]")["href"]
    assert ids[1] in str(newer)
    assert ids[3] in str(older)
    assert "type=missed" in str(newer)
    back = str(alice.find("nav.trail > a")["href"])
    assert "type=missed" in back
    assert back.endswith(f"#call-{ids[2]}")


def test_the_way_back_leads_to_the_page_that_the_call_is_on_by_now(
    app: Flask, alice: Person, sandbox: Sandbox
) -> None:
    first = alice.get("/calls?view=all&per_page=10").call_ids
    last = first[-1]
    following = str(alice.find(f"#call-{last} a")["href"])
    app.extensions["callboard"].replica.apply(Call.from_json(sandbox.add_call()))

    alice.get(str(alice.get(following).find("nav.trail > a")["href"]))
    assert alice.call_ids == first

    alice.get(following)
    for _ in range(4):
        alice.get(str(alice.find("a[rel=next]")["href"]))
    call_id = str(alice.find("#call")["data-call-id"])
    alice.get(str(alice.find("nav.trail > a")["href"]))
    assert alice.call_ids.index(call_id) == 3
    assert "11–20 of 94" in alice.text


def test_the_way_back_from_a_call_that_came_since_leads_to_it(
    app: Flask, alice: Person, sandbox: Sandbox
) -> None:
    alice.get("/calls?view=all&per_page=10")
    following = str(alice.find(f"#call-{alice.call_ids[0]} a")["href"])
    new = sandbox.add_call()
    app.extensions["callboard"].replica.apply(Call.from_json(new))

    alice.get(str(alice.get(following).find("a[rel=prev]")["href"]))
    assert alice.find("#call")["data-call-id"] == new["id"]
    alice.get(str(alice.find("nav.trail > a")["href"]))

    assert alice.call_ids[0] == new["id"]


def test_there_is_nothing_newer_than_the_first_call_and_nothing_older_than_the_last(alice: Person) -> None:
    ids = alice.get("/calls?per_page=100").call_ids

    first = alice.get(f"/calls/{ids[0]}").page.select("a[rel]")
    last = alice.get(f"/calls/{ids[-1]}").page.select("a[rel]")

    assert [link["rel"] for link in first] == [["next"]]
    assert [link["rel"] for link in last] == [["prev"]]


def test_a_call_that_has_just_left_the_list_keeps_its_place_in_it(alice: Person) -> None:
    ids = alice.get("/calls").call_ids
    alice.get(str(alice.find(f"#call-{ids[2]} a")["href"]))

    alice.submit(f"/calls/{ids[2]}/archive", archived="true")

    assert alice.find("#call")["data-archived"] == "true"
    assert ids[1] in str(alice.find("a[rel=prev]")["href"])
    assert ids[3] in str(alice.find("a[rel=next]")["href"])


def test_the_title_begins_with_how_many_missed_calls_wait_like_that_of_the_list(alice: Person) -> None:
    of_list = str(alice.get("/calls").find("head > title").string)
    number = of_list.partition(" ")[0]
    assert re.fullmatch(r"\([1-9][0-9]*\)", number)

    alice.get(f"/calls/{alice.call_ids[0]}")

    assert re.fullmatch(
        re.escape(number) + r" [A-Z][a-z ]+, \+[0-9 -]+ · Callboard", str(alice.find("head > title").string)
    )


@pytest.mark.parametrize("number", ["anonymous", "", "112", "+33", "+33 6 ring me", "javascript:alert(1)"])
def test_what_cannot_be_dialled_is_no_link(alice: Person, sandbox: Sandbox, number: str) -> None:
    call = sandbox.add_call(caller=number, direction="inbound", call_type="missed")

    alice.get(f"/calls/{call['id']}")

    assert alice.status == 200
    assert not alice.page.select("#call a")


def test_a_number_that_can_be_dialled_is(alice: Person, sandbox: Sandbox) -> None:
    call = sandbox.add_call(caller="+33 6 12 34 56 78", direction="inbound", call_type="missed")

    alice.get(f"/calls/{call['id']}")

    assert alice.find("#call a")["href"] == "tel:+33612345678"
    assert alice.find("#call a").get_text(strip=True) == "Call back"


@pytest.mark.parametrize(
    "call_id", ["0f9c3b52-6a1d-4f0e-8d57-2b1c9e7a4d60", "1", "..%2Fme", "%00", "null", "A" * 5000]
)
def test_an_unknown_call_is_said_to_be_unknown(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    before = sandbox.counters().call_reads

    alice.get(f"/calls/{call_id}")

    assert alice.status == 404
    assert "does not exist" in alice.text
    # What reads the list and listens goes on meanwhile.
    assert sandbox.counters().call_reads <= before + 1


def test_what_the_api_does_not_know_any_more_leaves_the_list(alice: Person, sandbox: Sandbox) -> None:
    gone = alice.get("/calls").call_ids[0]
    sandbox.remove_call(gone)

    assert alice.get(f"/calls/{gone}").status == 404

    assert gone not in alice.get("/calls").call_ids


def test_an_api_in_trouble_leaves_the_call_as_last_known(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.get("/calls").call_ids[0]
    sandbox.answer_503(times=100)

    alice.get(f"/calls/{call_id}")

    assert alice.status == 200
    assert alice.find(f"[data-call-id='{call_id}']")
    assert re.search(r"This is the call as of \d\d:\d\d ?, or later", alice.text)


def test_notes_are_text_whatever_they_hold(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.get("/calls").call_ids[0]
    content = '<script>alert(1)</script> & "quotes" 👩‍👩‍👧 עברית\nsecond line'
    sandbox.add_note(call_id, content)

    alice.get(f"/calls/{call_id}")

    assert alice.page.select("#notes li p")[0].get_text() == content
    assert not alice.page.select("#notes script")


def test_a_change_by_somebody_else_reaches_the_list(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.get("/calls").call_ids[0]
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")

    sandbox.archive(call_id)

    wait_until(lambda: call_id not in alice.get("/calls").call_ids, what="the call gone from the inbox")
