"""What people did with calls through Callboard stands on the pages of call and caller."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from aircall.models import Call
from aircall.team.activity import Action, Activity
from tests.support.arrivals import PARIS
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.conftest import NewCall, services_of
from tests.web.test_callers import missed


@pytest.fixture
def waiting_call(alice: Person, new_call: NewCall) -> str:
    """The call of a caller who waits."""
    assert alice.status
    return missed(new_call)


def archive(person: Person, call_id: str, archived: str) -> None:
    person.get(f"/calls/{call_id}").submit(f"/calls/{call_id}/archive", archived=archived)


def add_note(person: Person, call_id: str, content: str) -> None:
    person.get(f"/calls/{call_id}").submit(f"/calls/{call_id}/notes", content=content)


def test_archiving_moving_back_and_notes_are_told_with_who_did_it(
    alice: Person, bob: Person, waiting_call: str
) -> None:
    archive(alice, waiting_call, "true")
    archive(bob, waiting_call, "false")
    add_note(bob, waiting_call, "They want\r\nan invoice")

    for path, place in ((f"/calls/{waiting_call}", "#activity"), (f"/callers/{PARIS}", "#history")):
        told = " ".join(alice.get(path).find(place).get_text(" ").split())
        deeds = ["bob wrote a note.", "bob moved a call to the inbox.", "alice archived a call."]
        places = [told.find(deed) for deed in deeds]
        assert -1 not in places, told
        assert places == sorted(places)
        assert "The phone system does not say" in told
    (author,) = alice.get(f"/calls/{waiting_call}").page.select("#notes [data-author]")
    assert author.get_text().startswith("bob")


def test_what_a_colleague_did_elsewhere_has_no_author(
    app: Flask, alice: Person, waiting_call: str, sandbox: Sandbox
) -> None:
    add_note(alice, waiting_call, "Mine")
    sandbox.add_note(waiting_call, "Of somebody")
    services_of(app).replica.apply(Call.from_json(sandbox.archive(waiting_call)))

    notes = alice.get(f"/calls/{waiting_call}").page.select("#notes li")

    assert [len(note.select("[data-author]")) for note in notes] == [0, 1]
    assert "archived" not in alice.find("#activity ol").text


def test_what_changed_nothing_is_not_told(app: Flask, alice: Person, waiting_call: str) -> None:
    page = alice.get(f"/calls/{waiting_call}").page
    for _ in range(2):
        alice.page = page
        alice.submit(f"/calls/{waiting_call}/archive", archived="true")

    lines = services_of(app).team.activity.of_call(waiting_call)
    assert [line.action for line in lines] == [Action.ARCHIVED]


def test_a_change_is_made_and_a_call_is_shown_though_nothing_can_be_written_down_or_read(
    alice: Person, waiting_call: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_named: Any) -> None:
        raise OperationalError("", {}, Exception("disk I/O error"))

    monkeypatch.setattr(Activity, "add", fail)
    monkeypatch.setattr(Activity, "of_call", fail)

    archive(alice, waiting_call, "true")

    assert sandbox.call(waiting_call)["is_archived"]
    assert alice.get(f"/calls/{waiting_call}").status == 200
