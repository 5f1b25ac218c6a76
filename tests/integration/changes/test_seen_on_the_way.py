"""What was seen of a call while its change went wrong is known afterwards, though no event told of it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aircall.api.client import ApiClient
from aircall.changes.errors import ConflictError, UnconfirmedError
from aircall.models import Call
from tests.integration.changes.conftest import Team, inbox, working
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def known(team: Team, call_id: str) -> Call:
    """The call as the mirror has it."""
    (call,) = team.replica.store.find([call_id])
    return call


def test_a_note_that_is_not_seen_leaves_what_others_wrote_meanwhile(team: Team, sandbox: Sandbox) -> None:
    call_id = inbox(sandbox)[0]
    team.changes.read_call(team.alice.id, call_id)
    sandbox.add_note(call_id, "A colleague's")
    sandbox.reset_after_send(path=f"/calls/{call_id}/note")

    with pytest.raises(UnconfirmedError):
        team.changes.add_note(team.alice.id, call_id, "Ours", "key")

    assert known(team, call_id).notes[0].content == "A colleague's"


def test_a_change_that_is_not_seen_leaves_what_others_wrote_meanwhile(team: Team, sandbox: Sandbox) -> None:
    call_id = inbox(sandbox)[0]
    team.changes.read_call(team.alice.id, call_id)
    sandbox.add_note(call_id, "A colleague's")
    sandbox.reset_after_send(path=f"/calls/{call_id}/archive")

    with pytest.raises(UnconfirmedError):
        team.changes.set_archived(team.alice.id, call_id, True)

    assert known(team, call_id).notes[0].content == "A colleague's"
    assert not known(team, call_id).is_archived


def test_a_conflict_leaves_the_call_as_it_was_seen_last(sandbox: Sandbox, tmp_path: Path) -> None:
    call_id = inbox(sandbox)[0]
    path = f"/calls/{call_id}/archive"
    with working(ApiClient(sandbox.url), tmp_path) as team, ThreadPoolExecutor(1) as pool:
        team.changes.read_call(team.alice.id, call_id)
        sandbox.be_slow(2, times=1, path=path)
        sandbox.answer_with(429, b"{}", path=path)
        before = sandbox.counters().requests
        ours = pool.submit(team.changes.set_archived, team.alice.id, call_id, True)
        wait_until(lambda: sandbox.counters().requests == before + 2, what="our change on its way")
        sandbox.archive(call_id)
        sandbox.add_note(call_id, "A colleague's")

        with pytest.raises(ConflictError):
            ours.result(20)

        assert known(team, call_id).notes[0].content == "A colleague's"
