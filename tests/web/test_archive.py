"""Archiving says what is wanted; asking twice changes nothing more."""

import pytest

from tests.support.person import Person
from tests.support.sandbox import Sandbox


def test_a_call_is_archived_and_moved_back_from_its_page(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]

    alice.get(f"/calls/{call_id}").submit(f"/calls/{call_id}/archive", archived="true")
    assert sandbox.call(call_id)["is_archived"] is True
    assert alice.find(f"[data-call-id='{call_id}']")["data-archived"] == "true"

    alice.submit(f"/calls/{call_id}/archive", archived="false")
    assert sandbox.call(call_id)["is_archived"] is False


def test_a_row_is_archived_from_the_list_and_one_stays_there(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.get("/calls?type=missed").call_ids[0]

    alice.submit(f"/calls/{call_id}/archive", archived="true")

    assert sandbox.call(call_id)["is_archived"] is True
    assert alice.path == "/calls"
    assert call_id not in alice.call_ids
    assert "archived" in alice.find("#notices").get_text()


@pytest.mark.parametrize("is_archived", [True, False])
def test_what_is_so_already_stays_so(alice: Person, sandbox: Sandbox, is_archived: bool) -> None:
    call = next(call for call in sandbox.calls() if call["is_archived"] is is_archived)

    for _ in range(2):
        alice.get(f"/calls/{call['id']}")
        alice.submit(f"/calls/{call['id']}/archive", archived=str(is_archived).lower())

    assert sandbox.call(call["id"])["is_archived"] is is_archived
    assert sandbox.counters().archive_flips == 0


def test_a_stale_page_does_not_undo_a_colleague(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.get(f"/calls/{call_id}")
    sandbox.archive(call_id)

    alice.submit(f"/calls/{call_id}/archive", archived="true")

    assert sandbox.call(call_id)["is_archived"] is True


def test_ticked_calls_are_archived_together(alice: Person, sandbox: Sandbox) -> None:
    ids = alice.call_ids[:4]

    alice.submit("/calls/archive", archived="true", ids=ids)

    assert all(sandbox.call(call_id)["is_archived"] for call_id in ids)
    assert not set(ids) & set(alice.call_ids)
    assert "4 calls archived" in alice.find("#notices").get_text()


def test_no_tick_is_said(alice: Person, sandbox: Sandbox) -> None:
    alice.submit("/calls/archive", archived="true")

    assert "Tick the calls first" in alice.text
    assert sandbox.counters().archive_flips == 0


def test_an_api_in_trouble_is_said_and_nothing_changes(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    sandbox.answer_503(times=100)

    alice.submit(f"/calls/{call_id}/archive", archived="true")

    assert "in trouble" in alice.find("#notices").get_text()
    assert sandbox.call(call_id)["is_archived"] is False


@pytest.mark.parametrize("archived", ["", "maybe", "1"])
def test_a_state_that_is_none_is_refused(alice: Person, sandbox: Sandbox, archived: str) -> None:
    alice.submit(f"/calls/{alice.call_ids[0]}/archive", archived=archived)

    assert alice.status == 400
    assert sandbox.counters().archive_flips == 0


def test_ids_that_are_none_are_refused(alice: Person) -> None:
    alice.submit("/calls/archive", archived="true", ids=["../me"])

    assert alice.status == 404
