"""Awkward calls of the sandbox: every page shows every one of them."""

import csv
from collections.abc import Iterator

import pytest
from flask import Flask

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.conftest import NewCall, ids_of_all_pages, signed_in

CALLS = 300


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox of its own, whose lines, numbers, texts and times are all odd."""
    with Sandbox.start("--awkward", "--calls", str(CALLS)) as sandbox:
        yield sandbox


@pytest.mark.parametrize("call_id", ["812", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "Call:7@pbx~1"])
def test_a_call_whose_id_is_no_uuid_is_shown_archived_and_noted(
    call_id: str, alice: Person, sandbox: Sandbox, new_call: NewCall
) -> None:
    new_call(id=call_id, is_archived=False, created_at="2099-01-01T00:00:00.000Z")

    assert alice.get("/calls?per_page=10").call_ids[0] == call_id
    page = alice.find(f"[data-call-id='{call_id}'] a")["href"]
    older = alice.get("/calls?per_page=10").find("a[rel=next]")["href"]
    assert alice.get(str(older)).status == 200
    alice.get(str(page)).submit(f"/calls/{call_id}/notes", content="Called back")
    alice.submit(f"/calls/{call_id}/archive", archived="true")

    assert sandbox.call(call_id)["is_archived"]
    assert [note["content"] for note in sandbox.call(call_id)["notes"]] == ["Called back"]
    assert alice.get(f"/calls/rows?ids={call_id}").call_ids == [call_id]


def test_every_awkward_call_is_in_the_list_on_its_own_page_and_in_the_file(
    app: Flask, sandbox: Sandbox
) -> None:
    alice = signed_in(app, "alice")
    expected = sorted(call["id"] for call in sandbox.calls())

    assert sorted(ids_of_all_pages(alice, "/calls?view=all&per_page=100")) == expected
    assert [call_id for call_id in expected if alice.client.get(f"/calls/{call_id}").status_code != 200] == []
    assert alice.client.get("/insights?view=all").status_code == 200
    exported = alice.client.get("/calls.csv?view=all").text.removeprefix("\ufeff").splitlines(keepends=True)
    assert len(list(csv.reader(exported))) == CALLS + 1
