"""Undo takes back exactly what an action has changed; what others have changed since is left alone."""

from bs4 import Tag

from tests.support.person import Person
from tests.support.sandbox import Sandbox


def undo_path(person: Person) -> str:
    """Where the Undo button of the notice on this page leads."""
    button = person.find("#notices [data-undo]")
    form = button.find_parent("form")
    assert isinstance(form, Tag)
    return str(form["action"])


def notice(person: Person) -> str:
    return " ".join(person.find("#notices").get_text(" ").split())


def test_an_archived_call_is_moved_back(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.submit(f"/calls/{call_id}/archive", archived="true")

    alice.submit(undo_path(alice))

    assert sandbox.call(call_id)["is_archived"] is False
    assert call_id in alice.call_ids
    assert "Call moved to the inbox." in notice(alice)
    assert not alice.page.select("[data-undo]")


def test_of_many_only_those_that_were_changed_are_taken_back(alice: Person, sandbox: Sandbox) -> None:
    ids = alice.get("/calls?view=all&per_page=100").call_ids
    before = {call_id: sandbox.call(call_id)["is_archived"] for call_id in ids[:10]}
    assert set(before.values()) == {True, False}
    alice.submit("/calls/archive", archived="true", ids=ids[:10])
    assert all(sandbox.call(call_id)["is_archived"] for call_id in before)
    assert "already" in notice(alice)

    alice.submit(undo_path(alice))

    assert {call_id: sandbox.call(call_id)["is_archived"] for call_id in before} == before


def test_what_a_colleague_has_changed_since_is_left_alone_and_named(alice: Person, sandbox: Sandbox) -> None:
    back_and_forth, noted, untouched = alice.call_ids[:3]
    alice.submit("/calls/archive", archived="true", ids=[back_and_forth, noted, untouched])
    path = undo_path(alice)
    sandbox.archive(back_and_forth)
    sandbox.add_note(noted, "I am on it")

    alice.submit(path)

    assert sandbox.call(untouched)["is_archived"] is False
    assert sandbox.call(noted)["is_archived"] is True
    assert sandbox.call(back_and_forth)["is_archived"] is False
    assert "1 call moved to the inbox." in notice(alice)
    assert "2 calls left alone, as they were changed since: +" in notice(alice)
    assert sandbox.counters().archive_flips_by_call[untouched] == 2


def test_an_undo_that_failed_is_tried_again_for_what_has_not_changed_since(
    alice: Person, sandbox: Sandbox
) -> None:
    noted, untouched = alice.call_ids[:2]
    alice.submit("/calls/archive", archived="true", ids=[noted, untouched])
    sandbox.answer_503(times=None, path="/calls/", retry_after=60)
    alice.submit(undo_path(alice))
    alice.get(str(alice.find("#notices a")["href"]))
    sandbox.clear_faults()
    sandbox.add_note(noted, "this stays archived")

    alice.submit(f"{alice.path}/retry")

    assert sandbox.call(untouched)["is_archived"] is False
    assert sandbox.call(noted)["is_archived"] is True
    assert "1 call left alone, as it was changed since: +" in notice(alice)
    assert not alice.page.select("[data-undo]")


def test_undoing_twice_changes_nothing_more(alice: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.submit(f"/calls/{call_id}/archive", archived="true")
    path, page = undo_path(alice), alice.page
    alice.submit(path)
    alice.page = page

    alice.submit(path)

    assert sandbox.call(call_id)["is_archived"] is False
    assert sandbox.counters().archive_flips == 2


def test_nobody_else_undoes_it(alice: Person, bob: Person, sandbox: Sandbox) -> None:
    call_id = alice.call_ids[0]
    alice.submit(f"/calls/{call_id}/archive", archived="true")
    path = undo_path(alice)
    bob.submit(f"/calls/{bob.get('/calls').call_ids[0]}/archive", archived="true")
    form = bob.find("#notices form")
    form["action"] = path

    bob.submit(path)

    assert bob.status == 404
    assert sandbox.call(call_id)["is_archived"] is True
