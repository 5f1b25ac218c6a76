"""Whatever becomes of requests and answers, a note is stored once or its fate is said."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from aircall.errors import AircallError
from tests.integration.changes.conftest import Team
from tests.support.sandbox import Sandbox

RUNS = 200
TRIES = 3


def troubles(sandbox: Sandbox, call_id: str) -> list[Callable[[], None]]:
    """What can go wrong with one note: nothing, or one of these, in the request that stores it."""
    path = f"/calls/{call_id}/note"
    return [
        lambda: None,
        lambda: sandbox.apply_and_never_answer(times=1, seconds=1.0, path=path),
        lambda: sandbox.reset_after_send(times=1, applied=True, path=path),
        lambda: sandbox.reset_after_send(times=1, applied=False, path=path),
        lambda: sandbox.answer_503(times=1, path=path, applied=True),
        lambda: sandbox.answer_503(times=1, path=path, retry_after=1),
        lambda: sandbox.answer_with(status=200, body=b"<html>", times=1, path=path, applied=True),
        lambda: sandbox.answer_with(status=502, body=b"", times=1, path=path, applied=False),
        lambda: sandbox.expire_access_tokens(),
    ]


def write(team: Team, call_id: str, content: str, key: str) -> bool:
    try:
        team.changes.add_note(team.alice.id, call_id, content, key)
    except AircallError:
        return False
    return True


def count(sandbox: Sandbox, call_id: str, content: str) -> int:
    return [note["content"] for note in sandbox.call(call_id)["notes"]].count(content)


def test_in_two_hundred_troubled_runs_no_note_is_stored_twice(team: Team, sandbox: Sandbox) -> None:
    dice = Random(2026)  # noqa: S311  # the same troubles each time
    call_ids = [call["id"] for call in sandbox.calls()]
    outcomes = set()

    for run in range(RUNS):
        call_id, content = dice.choice(call_ids), f"Note {run}\nof two lines"
        dice.choice(troubles(sandbox, call_id))()
        # A double click, and then as many tries as it takes.
        with ThreadPoolExecutor(2) as pool:
            clicks = list(pool.map(lambda _: write(team, call_id, content, f"key {run}"), range(2)))  # noqa: B023
        is_said_to_be_stored = any(clicks)
        for _ in range(TRIES):
            if not is_said_to_be_stored:
                is_said_to_be_stored = write(team, call_id, content, f"key {run}")
        sandbox.clear_faults()
        outcomes.add(tuple(clicks))

        assert is_said_to_be_stored
        assert count(sandbox, call_id, content) == 1

    assert len(outcomes) > 1, "no trouble ever came to anything"


@pytest.mark.parametrize("key", ["", "a key"])
def test_without_a_key_each_request_is_a_note_of_its_own(team: Team, sandbox: Sandbox, key: str) -> None:
    call_id = sandbox.calls()[0]["id"]

    for _ in range(2):
        assert write(team, call_id, "No answer", key)

    assert count(sandbox, call_id, "No answer") == (1 if key else 2)


def test_a_note_of_unknown_fate_that_shows_is_in_the_mirror_too(team: Team, sandbox: Sandbox) -> None:
    call_id = sandbox.calls()[0]["id"]
    sandbox.reset_after_send(times=1, applied=True, path=f"/calls/{call_id}/note")

    assert write(team, call_id, "Shown", "key")

    (known,) = team.replica.store.find([call_id])
    assert known.notes[0].content == "Shown"
