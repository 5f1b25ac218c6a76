"""Archive and undo: the wanted state is reached with at most one change, and undo reverts exactly that."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from bs4 import Tag
from flask import Flask

from aircall.changes import jobs
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.web.conftest import signed_in

ROUNDS = 12
FAULTS: dict[str, Callable[[Sandbox, str], None]] = {
    "refused": lambda api, path: api.answer_with(429, b"{}", path=path),
    "unreadable, executed": lambda api, path: api.answer_with(200, b"{", path=path, applied=True),
    "reset": lambda api, path: api.reset_after_send(path=path),
}


def is_archived(sandbox: Sandbox, call_id: str) -> bool:
    return bool(sandbox.call(call_id)["is_archived"])


def test_a_call_is_archived_and_moved_back_from_its_page(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    alice.get(f"/calls/{call_id}").submit(f"/calls/{call_id}/archive", archived="true")
    assert is_archived(sandbox, call_id)
    assert alice.find(f"[data-call-id='{call_id}']")["data-archived"] == "true"

    alice.submit(f"/calls/{call_id}/archive", archived="false")
    assert not is_archived(sandbox, call_id)


def test_who_chose_so_goes_on_to_the_next_call_and_back_by_undo(alice: Person, sandbox: Sandbox) -> None:
    first, second, *_, last = alice.get("/calls?per_page=100").call_ids
    alice.get(f"/calls/{first}").submit(f"/calls/{first}/archive", archived="true")
    assert alice.path == f"/calls/{first}"
    alice.submit(f"/calls/{first}/archive", archived="false")

    alice.get("/settings").submit("/after-archiving", after_archiving="next")
    alice.get(f"/calls/{first}").submit(f"/calls/{first}/archive", archived="true")
    assert is_archived(sandbox, first)
    assert (alice.path, alice.call_ids) == (f"/calls/{second}", [second])
    alice.submit(str(alice.find("#notices form")["action"]))
    assert (alice.path, is_archived(sandbox, first)) == (f"/calls/{first}", False)

    sandbox.answer_with(429, b"{}", path=f"/calls/{first}/archive")
    alice.submit(f"/calls/{first}/archive", archived="true")
    assert alice.path == f"/calls/{first}"
    alice.get(f"/calls/{last}").submit(f"/calls/{last}/archive", archived="true")
    assert alice.path == "/calls"


def test_a_row_is_archived_from_the_list_which_is_shown_again(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.get("/calls?type=missed").call_ids[0]

    alice.submit(f"/calls/{call_id}/archive", archived="true")

    assert is_archived(sandbox, call_id)
    assert alice.path == "/calls"
    assert call_id not in alice.call_ids
    assert "Call archived: " in alice.flash


def test_a_single_change_that_takes_too_long_goes_on_on_its_own_page_without_another_wait(
    alice: Person, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SINGLE_TIMEOUT", 0.1)
    call_id = alice.get("/calls?type=missed").call_ids[0]
    sandbox.be_slow(30, times=1, path=f"/calls/{call_id}/archive")

    alice.submit(f"/calls/{call_id}/archive", archived="true")

    assert alice.path.startswith("/calls/archive/")
    sandbox.clear_faults()
    wait_until(lambda: is_archived(sandbox, call_id), what="the change")


def test_an_outdated_page_does_not_undo_a_colleague(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    alice.get(f"/calls/{call_id}")
    sandbox.archive(call_id)

    alice.submit(f"/calls/{call_id}/archive", archived="true")

    assert is_archived(sandbox, call_id)
    assert "The call was already archived." in alice.flash


def test_a_state_that_is_none_is_refused(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    page = alice.page
    for archived in ("", "maybe", "1"):
        alice.page = page
        alice.submit(f"/calls/{call_id}/archive", archived=archived)

        assert alice.status == 400
    assert sandbox.counters().archive_flips == 0


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_after_any_fault_the_page_shows_the_truth_and_at_most_one_change_was_made(
    alice: Person, sandbox: Sandbox, call_id: str, fault: Callable[[Sandbox, str], None]
) -> None:
    alice.get(f"/calls/{call_id}")
    fault(sandbox, f"/calls/{call_id}/archive")

    alice.submit(f"/calls/{call_id}/archive", archived="true")

    truth, message = is_archived(sandbox, call_id), alice.flash
    assert sandbox.counters().archive_flips <= 1
    assert alice.get(f"/calls/{call_id}").status == 200
    assert alice.find(f"[data-call-id='{call_id}']")["data-archived"] == str(truth).lower()
    assert ("Call archived: " in message) is truth


def test_concurrent_requests_reach_the_wanted_state_with_one_change(app: Flask, sandbox: Sandbox) -> None:
    # Alice in two tabs and Bob, whose pages are from before a colleague's change in every fourth round.
    people = [signed_in(app, name) for name in ("alice", "alice", "bob")]
    call_id = people[0].call_ids[0]
    for person in people:
        person.get(f"/calls/{call_id}")

    with ThreadPoolExecutor(len(people)) as pool:
        for number in range(ROUNDS):
            if number % 4 == 3:
                sandbox.archive(call_id)
            wanted = number % 2 == 0
            is_change = is_archived(sandbox, call_id) is not wanted
            before = sandbox.counters().archive_flips

            asked = [
                pool.submit(person.submit, f"/calls/{call_id}/archive", archived=str(wanted).lower())
                for person in people
            ]

            assert [each.result().status for each in asked] == [200] * len(people)
            assert is_archived(sandbox, call_id) is wanted
            assert sandbox.counters().archive_flips - before == is_change


def undo_path(person: Person) -> str:
    """Return where the Undo button of the flash message leads."""
    form = person.find("#notices [data-undo]").find_parent("form")
    assert isinstance(form, Tag)
    return str(form["action"])


def test_undo_moves_an_archived_call_back_once(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    alice.submit(f"/calls/{call_id}/archive", archived="true")
    path, page = undo_path(alice), alice.page

    alice.submit(path)

    assert not is_archived(sandbox, call_id)
    assert call_id in alice.call_ids
    assert "Call moved to the inbox: " in alice.flash
    assert not alice.page.select("[data-undo]")
    alice.page = page
    alice.submit(path)
    assert not is_archived(sandbox, call_id)
    assert sandbox.counters().archive_flips == 2


def test_an_undo_that_failed_is_tried_again_and_leaves_alone_what_a_colleague_has_changed(
    alice: Person, sandbox: Sandbox
) -> None:
    back_and_forth, noted, untouched = alice.call_ids[:3]
    alice.submit("/calls/archive", archived="true", ids=[back_and_forth, noted, untouched])
    sandbox.answer_503(times=None, path="/calls/", retry_after=60)
    alice.submit(undo_path(alice))
    assert "3 of 3 could not be moved to the inbox." in alice.flash
    alice.get(str(alice.find("#notices a")["href"]))
    assert "3 calls could not be moved to the inbox" in alice.text
    sandbox.clear_faults()
    sandbox.archive(back_and_forth)
    sandbox.add_note(noted, "I am on it")

    alice.submit(f"{alice.path}/retry")

    assert not is_archived(sandbox, untouched)
    assert is_archived(sandbox, noted)
    assert not is_archived(sandbox, back_and_forth)
    assert "1 call moved to the inbox." in alice.flash
    assert "2 calls left as they are, because they have changed since: +" in alice.flash
    assert not alice.page.select("[data-undo]")
    assert sandbox.counters().archive_flips_by_call[untouched] == 2


def test_only_the_owner_can_undo(alice: Person, bob: Person, sandbox: Sandbox, call_id: str) -> None:
    alice.submit(f"/calls/{call_id}/archive", archived="true")
    path = undo_path(alice)
    bob.submit(f"/calls/{bob.call_ids[-1]}/archive", archived="true")
    bob.find("#notices form")["action"] = path

    bob.submit(path)

    assert bob.status == 404
    assert is_archived(sandbox, call_id)
