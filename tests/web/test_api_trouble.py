"""Malformed, odd or missing answers of the API: no page breaks, and each says what to do."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from aircall.models import clean_text
from tests.support.api_json import ODD_VALUES, RECORDED, ROW
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

UNREADABLE = "gave an answer we can't read"
BODIES = {
    "HTML": b"<!doctype html><title>It works!</title>",
    "a truncated object": b'{"id":"7876e2eb-1a50',
    "10,000 brackets": b"[" * 10_000,
    "a list": b"[]",
    "another object": b'{"statusCode":200}',
}
SENTENCES: dict[str, tuple[Callable[[Sandbox], None], str]] = {
    "500": (
        lambda api: api.answer_with(500, b"{}", times=None),
        "is in trouble right now. Try again in a moment.",
    ),
    "503, soon": (
        lambda api: api.answer_503(times=None, retry_after=45),
        "is in trouble right now. Try again in 45 seconds.",
    ),
    "503, later": (
        lambda api: api.answer_503(times=None, retry_after=600),
        "is in trouble right now. Try again in 10 minutes.",
    ),
    "429": (lambda api: api.answer_with(429, b"{}", times=None), "is busy. Try again in a moment."),
    "403": (lambda api: api.answer_with(403, b"{}", times=None), "does not allow this to you."),
    "cut short": (
        lambda api: api.answer_with(200, b"{", missing=9, times=None),
        "did not answer in time. Try again in a moment.",
    ),
}
NOTES = {
    "long": "word " * 10_000,
    "one long word": "x" * 50_000,
    "right to left": "שלום עולם مرحبا",
    "bidi controls": "\u202eevil\u2066\u2069\u202d",
    "combining marks": "e" + "\u0301" * 500,
    "half a surrogate pair": "cut \ud83d here",
    "NUL": "a\x00b\x1b[31m\x7f",
    "markup": '</p></li><script>alert(1)</script>{{ 7 * 7 }} & "quotes" 👩‍👩‍👧\nsecond line',
}


def note_field(person: Person) -> str:
    return str(person.find("textarea[name=content]").get_text(strip=True))


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_malformed_response_breaks_no_page(
    alice: Person, stranger: Person, sandbox: Sandbox, call_id: str, body: bytes
) -> None:
    ids = alice.call_ids
    sandbox.answer_with(200, body, times=None)

    assert alice.get("/calls").status == 200
    assert alice.call_ids == ids
    assert alice.get(f"/calls/{call_id}").status == 200
    assert UNREADABLE in alice.text
    assert re.search(r"This is the call as of \d\d:\d\d ?, or later", alice.text)
    alice.submit(f"/calls/{call_id}/notes", content="Not to be lost")
    assert alice.status == 503
    assert note_field(alice) == "Not to be lost"
    assert alice.submit(f"/calls/{call_id}/archive", archived="true").status == 200
    assert UNREADABLE in alice.flash
    stranger.log_in("ann")
    assert stranger.status == 503
    assert UNREADABLE in stranger.find("[role=alert]").get_text()
    assert sandbox.counters().archive_flips == 0


@pytest.mark.parametrize(("trouble", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_each_error_has_its_own_message(
    alice: Person, sandbox: Sandbox, call_id: str, trouble: Callable[[Sandbox], None], sentence: str
) -> None:
    trouble(sandbox)

    alice.get(f"/calls/{call_id}")

    assert alice.status == 200
    assert sentence in alice.text
    assert "This is the call as of" in alice.text
    alice.submit(f"/calls/{call_id}/archive", archived="true")
    assert sentence in alice.flash
    assert sandbox.call(call_id)["is_archived"] is False


def test_a_list_that_cannot_be_synced_says_why_and_how_old_it_is(alice: Person, sandbox: Sandbox) -> None:
    ids = alice.get("/calls").call_ids
    sandbox.answer_503(times=None)

    wait_until(lambda: "This is the list as of" in alice.get("/calls").text, 30, "a sync that failed")

    assert re.search(r"phone system [\w ]+\. .*This is the list as of \d\d:\d\d", alice.text)
    assert alice.call_ids == ids
    sandbox.clear_faults()
    wait_until(lambda: "This is the list as of" not in alice.get("/calls").text, 15, "a list synced again")


def test_an_open_circuit_is_told_with_when_to_try_again(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    sandbox.answer_503(times=None)
    for _ in range(5):
        alice.get(f"/calls/{call_id}")
    before = sandbox.counters().call_reads

    alice.get(f"/calls/{call_id}")

    assert re.search(r"does not answer at the moment. Try again in \d+ seconds?\.", alice.text)
    alice.submit(f"/calls/{call_id}/notes", content="Not to be lost")
    assert "does not answer at the moment" in alice.text
    assert "did not say whether" not in alice.text
    assert note_field(alice) == "Not to be lost"
    assert sandbox.counters().call_reads == before


def test_a_page_waits_for_an_api_that_asks_for_a_second(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    sandbox.answer_503(times=1, path=f"/calls/{call_id}", retry_after=1)

    assert alice.get(f"/calls/{call_id}").status == 200
    assert "This is the call as of" not in alice.text


@pytest.mark.parametrize(("status", "body"), [(200, b""), (200, b"null"), (404, b"{}")])
def test_a_call_that_the_api_does_not_know_is_not_found(
    alice: Person, sandbox: Sandbox, call_id: str, status: int, body: bytes
) -> None:
    sandbox.answer_with(status, body, path=f"/calls/{call_id}")

    assert alice.get(f"/calls/{call_id}").status == 404


def test_unreadable_rows_hide_no_others(alice: Person, sandbox: Sandbox) -> None:
    rows: list[Any] = [dict(row) for row in RECORDED[:9]]
    values = [(name, value) for name in ROW if name != "id" for value in ODD_VALUES]
    odd = [
        ROW | {"id": f"{number:08}-0000-4000-8000-000000000000", name: value}
        for number, (name, value) in enumerate(values)
    ]
    body = json.dumps({"nodes": [*rows[:5], None, {"id": "x"}, [], *rows[5:], *odd], "totalCount": -1})
    sandbox.answer_with(200, body.encode(), times=None, path="/calls")
    assert alice.get("/calls").call_ids
    wait_until(lambda: odd[0]["id"] in ids_of_all_pages(alice), 30, "the odd calls")

    ids = ids_of_all_pages(alice)

    assert {row["id"] for row in (*rows, *odd)} <= set(ids)
    assert len(ids) == len(set(ids))


def ids_of_all_pages(person: Person) -> list[str]:
    ids = person.get("/calls?view=all&per_page=100").call_ids
    while older := person.page.find("a", rel="next"):
        ids += person.get(str(older["href"])).call_ids
        assert person.status == 200
    return ids


@pytest.mark.parametrize("total", [0, -1, 1_000_000_000, None, 1.5, "many"])
def test_a_wrong_total_does_no_harm(alice: Person, sandbox: Sandbox, total: object) -> None:
    sandbox.wrong_total(total)
    new = sandbox.add_call()
    # A lost connection makes the next sync due at once.
    sandbox.drop_sockets()

    wait_until(lambda: new["id"] in alice.get("/calls").call_ids, 30, "the new call")

    assert alice.get("/calls?page=999").status == 200
    assert alice.call_ids


def test_a_note_is_text_whatever_it_holds(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    call = sandbox.call(call_id)
    for content in NOTES.values():
        body = json.dumps(call | {"notes": [{"id": ROW["notes"][0]["id"], "content": content}]})
        sandbox.clear_faults()
        sandbox.answer_with(200, body.encode(), path=f"/calls/{call_id}", times=None)

        assert alice.get(f"/calls/{call_id}").status == 200

        (note,) = alice.page.select("#notes li p")
        assert note.get_text() == clean_text(content)
        assert not alice.page.select("#notes script")
