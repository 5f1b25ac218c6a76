"""What the API sends is odd, or made to harm: rows are shown, pages turn, notes are text."""

import json
from typing import Any

import pytest

from tests.support.api_json import ODD_VALUES, RECORDED, ROW
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

NOTES = {
    "long": "word " * 10_000,
    "one long word": "x" * 50_000,
    "right to left": "שלום עולם مرحبا",
    "bidi controls": "\u202eevil\u2066\u2069\u202d",
    "combining marks": "e" + "\u0301" * 500,
    "half a surrogate pair": "cut \ud83d here",
    "NUL": "a\x00b\x1b[31m\x7f",
    "markup": "</p></li><script>alert(1)</script>{{ 7 * 7 }}",
}


@pytest.fixture
def call_id(alice: Person) -> str:
    """A call that is in the list."""
    return alice.get("/calls").call_ids[0]


def test_rows_that_cannot_be_read_hide_no_others(alice: Person, sandbox: Sandbox) -> None:
    rows: list[Any] = [dict(row) for row in RECORDED[:9]]
    odd = [
        ROW | {"id": f"{number:08}-0000-4000-8000-000000000000", name: value}
        for number, (name, value) in enumerate(
            (name, value) for name in ROW if name != "id" for value in ODD_VALUES
        )
    ]
    body = json.dumps({"nodes": [*rows[:5], None, {"id": "x"}, [], *rows[5:], *odd], "totalCount": -1})
    sandbox.answer_with(200, body.encode(), times=None, path="/calls")
    first = alice.get("/calls").call_ids
    wait_until(lambda: odd[0]["id"] in shown(alice), 30, "the odd calls")

    ids = shown(alice)

    assert first
    assert {row["id"] for row in (*rows, *odd)} <= set(ids)
    assert len(ids) == len(set(ids))


def shown(person: Person) -> list[str]:
    """The ids on all pages of the list."""
    ids: list[str] = []
    page = 1
    while True:
        on_page = person.get(f"/calls?view=all&per_page=100&page={page}").call_ids
        assert person.status == 200
        if not on_page or set(on_page) <= set(ids):
            return ids
        ids += on_page
        page += 1


@pytest.mark.parametrize("total", [0, -1, 1_000_000_000, None, 1.5, "many"])
def test_a_wrong_total_confuses_nobody(alice: Person, sandbox: Sandbox, total: object) -> None:
    sandbox.wrong_total(total)
    new = sandbox.add_call()
    # Whoever has lost the events reads the list again at once.
    sandbox.drop_sockets()

    wait_until(lambda: new["id"] in alice.get("/calls").call_ids, 30, "the new call")

    last = alice.get("/calls?page=999")
    assert last.status == 200
    assert last.call_ids


@pytest.mark.parametrize("content", NOTES.values(), ids=NOTES)
def test_a_note_is_shown_whatever_it_holds(
    alice: Person, sandbox: Sandbox, call_id: str, content: str
) -> None:
    call = sandbox.call(call_id) | {"notes": [{"id": ROW["notes"][0]["id"], "content": content}]}
    sandbox.answer_with(200, json.dumps(call).encode(), path=f"/calls/{call_id}", times=None)

    alice.get(f"/calls/{call_id}")

    assert alice.status == 200
    (note,) = alice.page.select("#notes li p")
    assert note.get_text()[:3] == content[:3].replace("\x00", "\ufffd")
    assert len(note.get_text()) == len(content)
    assert not alice.page.select("#notes script")
