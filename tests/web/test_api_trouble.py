"""Malformed, odd or missing answers of the API: no page breaks, and each says what to do."""

import csv
import json
import re
from typing import Any

import pytest
from flask import Flask

from aircall.models import clean_text
from tests.support.api_json import ODD_VALUES, RECORDED, ROW
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.web.conftest import ids_of_all_pages, services_of

UNREADABLE = "gave an answer we can't read"
# By status and Retry-After.
SENTENCES = {
    (500, None): "has a problem right now. Try again in a moment.",
    (503, 45): "has a problem right now. Try again in 45 seconds.",
    (503, 600): "has a problem right now. Try again in 10 minutes.",
    (429, None): "is busy. Try again in a moment.",
    (403, None): "does not allow you to do this.",
}
NOTES = (
    "word " * 10_000,
    "שלום עולם \u202eevil\u2066\u2069\u202d",
    "cut \ud83d here, a\x00b\x1b[31m\x7f",
    '</p></li><script>alert(1)</script>{{ 7 * 7 }} & "quotes" 👩‍👩‍👧\nsecond line',
)


def note_field(person: Person) -> str:
    return str(person.find("textarea[name=content]").get_text(strip=True))


@pytest.mark.parametrize("body", [b"<!doctype html><title>It works!</title>", b"[" * 10_000])
def test_a_malformed_response_breaks_no_page(
    alice: Person, stranger: Person, sandbox: Sandbox, call_id: str, body: bytes
) -> None:
    ids = alice.call_ids
    sandbox.answer_with(200, body, times=None)

    assert alice.get("/calls").status == 200
    assert alice.call_ids == ids
    assert alice.get(f"/calls/{call_id}").status == 200
    assert UNREADABLE in alice.text
    assert re.search(r"This call may have changed since \d\d:\d\d ?\.", alice.text)
    alice.submit(f"/calls/{call_id}/notes", content="Not to be lost")
    assert alice.status == 503
    assert note_field(alice) == "Not to be lost"
    assert alice.submit(f"/calls/{call_id}/archive", archived="true").status == 200
    assert UNREADABLE in alice.flash
    stranger.log_in("ann")
    assert stranger.status == 503
    assert UNREADABLE in stranger.find("[role=alert]").get_text()
    assert sandbox.counters().archive_flips == 0


@pytest.mark.parametrize(("trouble", "sentence"), SENTENCES.items())
def test_each_error_has_its_own_message(
    alice: Person, sandbox: Sandbox, call_id: str, trouble: tuple[int, float | None], sentence: str
) -> None:
    status, retry_after = trouble
    if retry_after:
        sandbox.answer_503(times=None, retry_after=retry_after)
    else:
        sandbox.answer_with(status, b"{}", times=None)

    alice.get(f"/calls/{call_id}")

    assert alice.status == 200
    assert sentence in alice.text
    assert "This call may have changed since" in alice.text
    alice.submit(f"/calls/{call_id}/archive", archived="true")
    assert sentence in alice.flash
    assert sandbox.call(call_id)["is_archived"] is False


def test_a_list_that_cannot_be_synced_says_why_and_how_old_it_is(
    app: Flask, alice: Person, sandbox: Sandbox
) -> None:
    ids = alice.get("/calls").call_ids
    sandbox.answer_503(times=None)
    services_of(app).sync.request_sync()

    wait_until(lambda: "Last updated:" in alice.get("/calls").text, 30, "a sync that failed")

    assert re.search(r"phone system [\w ]+\. .*Last updated: \d\d:\d\d", alice.text)
    assert alice.call_ids == ids
    sandbox.clear_faults()
    wait_until(lambda: "Last updated:" not in alice.get("/calls").text, 30, "a list synced again")


def test_an_open_circuit_is_told_with_when_to_try_again(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    sandbox.answer_503(times=None)
    for _ in range(5):
        alice.get(f"/calls/{call_id}")
    before = sandbox.counters().call_reads

    alice.get(f"/calls/{call_id}")

    assert re.search(r"is not answering right now. Try again in \d+ seconds?\.", alice.text)
    alice.submit(f"/calls/{call_id}/notes", content="Not to be lost")
    assert "is not answering right now" in alice.text
    assert "did not say whether" not in alice.text
    assert note_field(alice) == "Not to be lost"
    assert sandbox.counters().call_reads == before


def test_unreadable_rows_hide_no_others(app: Flask, alice: Person, sandbox: Sandbox) -> None:
    values = [(name, value) for name in ROW if name != "id" for value in ODD_VALUES]
    odd = [
        ROW | {"id": f"{number:08}-0000-4000-8000-000000000000", name: value}
        for number, (name, value) in enumerate(values)
    ]
    rows: list[Any] = [*RECORDED[:5], None, {"id": "x/y"}, [], *RECORDED[5:9], *odd]
    body = json.dumps({"nodes": rows, "totalCount": -1, "hasNextPage": False}).encode()
    sandbox.answer_with(200, body, times=None, path="/calls")
    services_of(app).sync.request_sync()
    store = services_of(app).replica.store
    wait_until(lambda: store.find([odd[0]["id"]]), 30, "the odd calls")

    ids = ids_of_all_pages(alice, "/calls?view=all&per_page=100")

    assert {row["id"] for row in (*RECORDED[:9], *odd)} <= set(ids)
    assert len(ids) == len(set(ids))


def test_how_many_calls_are_left_out_is_said_in_the_list_the_file_and_the_state(
    app: Flask, alice: Person, sandbox: Sandbox
) -> None:
    rows: list[Any] = [*RECORDED[:5], None, {"id": "x/y"}, []]
    body = json.dumps({"nodes": rows, "totalCount": len(rows), "hasNextPage": False}).encode()
    sandbox.answer_with(200, body, times=None, path="/calls")
    store = services_of(app).replica.store
    services_of(app).sync.request_sync()
    wait_until(lambda: store.last_sync.left_out, 30, "the sync")

    sentence = "3 calls are not shown: the data from the phone system can't be read."
    assert sentence in alice.get("/calls").text
    assert list(csv.reader(alice.client.get("/calls.csv").text.splitlines()))[-1] == [sentence]
    assert json.loads(alice.client.get("/readyz").text)["upstream"]["left_out"] == 3
    assert "callboard_sync_left_out 3.0" in alice.client.get("/metrics").text


def test_a_note_is_text_whatever_it_holds(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    call = sandbox.call(call_id)
    for content in NOTES:
        body = json.dumps(call | {"notes": [{"id": ROW["notes"][0]["id"], "content": content}]})
        sandbox.clear_faults()
        sandbox.answer_with(200, body.encode(), path=f"/calls/{call_id}", times=None)

        assert alice.get(f"/calls/{call_id}").status == 200

        (note,) = alice.page.select("#notes li p")
        assert note.get_text() == clean_text(content)
        assert not alice.page.select("#notes script")
