"""Archiving while the API is in trouble, and many at once: one change at most, and what is shown is true."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from tests.support.person import Person
from tests.support.sandbox import Sandbox

ROUNDS = 50


@pytest.fixture
def call_id(alice: Person) -> str:
    """A call that is in the list, and in the inbox."""
    return alice.get("/calls").call_ids[0]


FAULTS: dict[str, Callable[[Sandbox, str], None]] = {
    "401": lambda api, path: api.answer_with(401, b"{}", path=path),
    "404": lambda api, path: api.answer_with(404, b"{}", path=path),
    "429": lambda api, path: api.answer_with(429, b"{}", path=path),
    "502, executed": lambda api, path: api.answer_with(502, b"<html>", path=path, applied=True),
    "503": lambda api, path: api.answer_503(path=path),
    "503, executed": lambda api, path: api.answer_503(path=path, applied=True),
    "503, come back": lambda api, path: api.answer_503(path=path, retry_after=1),
    "unreadable, executed": lambda api, path: api.answer_with(200, b"{", path=path, applied=True),
    "reset": lambda api, path: api.reset_after_send(path=path),
    "reset, executed": lambda api, path: api.reset_after_send(path=path, applied=True),
    "no answer, executed": lambda api, path: api.apply_and_never_answer(path=path, seconds=5),
    "slow": lambda api, path: api.be_slow(5, times=1, path=path),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_whatever_meets_a_change_the_page_shows_the_truth_and_one_change_at_most_was_made(
    alice: Person, sandbox: Sandbox, call_id: str, fault: Callable[[Sandbox, str], None]
) -> None:
    alice.get(f"/calls/{call_id}")
    fault(sandbox, f"/calls/{call_id}/archive")

    alice.submit(f"/calls/{call_id}/archive", archived="true")

    truth = sandbox.call(call_id)["is_archived"]
    notice = alice.find("#notices").get_text()
    assert sandbox.counters().archive_flips <= 1
    assert alice.get(f"/calls/{call_id}").status == 200
    assert alice.find(f"[data-call-id='{call_id}']")["data-archived"] == str(truth).lower()
    assert ("Call archived." in notice) is truth


def test_however_many_ask_at_once_the_call_ends_as_wanted_with_one_change(
    app: Flask, sandbox: Sandbox
) -> None:
    # Alice in two tabs and Bob, whose pages are from before a colleague's change in every other round.
    people = [Person(app).sign_in(name) for name in ("alice", "alice", "bob")]
    call_id = people[0].call_ids[0]
    path = f"/calls/{call_id}"
    for person in people:
        person.get(path)

    with ThreadPoolExecutor(len(people)) as pool:
        for number in range(ROUNDS):
            if number % 4 == 3:
                sandbox.archive(call_id)
            wanted = number % 2 == 0
            is_change = sandbox.call(call_id)["is_archived"] is not wanted
            before = sandbox.counters().archive_flips

            def ask(person: Person, archived: str = str(wanted).lower()) -> int:
                return person.submit(f"{path}/archive", archived=archived).status

            assert list(pool.map(ask, people)) == [200] * len(people)

            assert sandbox.call(call_id)["is_archived"] is wanted
            assert sandbox.counters().archive_flips - before == is_change
