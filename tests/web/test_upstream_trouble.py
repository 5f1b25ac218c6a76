"""An API that answers nonsense, or not at all: no page breaks, and each says what is known and what to do."""

import re
from collections.abc import Callable

import pytest

from tests.contract.test_client import BODIES
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

UNREADABLE = "gave an answer we can't read"
SENTENCES: dict[str, tuple[Callable[[Sandbox], None], str]] = {
    "unreadable": (lambda api: api.answer_with(200, b"<html>", times=None), UNREADABLE),
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


@pytest.fixture
def call_id(alice: Person) -> str:
    """A call that is in the list, and in the inbox."""
    return alice.get("/calls").call_ids[0]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_an_answer_that_is_none_breaks_no_page(
    alice: Person, stranger: Person, sandbox: Sandbox, call_id: str, body: bytes
) -> None:
    ids = alice.call_ids
    sandbox.answer_with(200, body, times=None)

    assert alice.get("/calls").status == 200
    assert alice.call_ids == ids
    assert alice.get(f"/calls/{call_id}").status == 200
    assert UNREADABLE in alice.text
    assert "This is the call as of" in alice.text
    alice.submit(f"/calls/{call_id}/notes", content="Not to be lost")
    assert alice.status == 503
    assert alice.find("textarea[name=content]").get_text(strip=True) == "Not to be lost"
    assert alice.submit(f"/calls/{call_id}/archive", archived="true").status == 200
    assert UNREADABLE in alice.find("#notices").get_text()
    stranger.get("/login").submit("/login", username="ann", password="any")
    assert stranger.status == 503
    assert UNREADABLE in stranger.find("[role=alert]").get_text()
    assert sandbox.counters().archive_flips == 0


@pytest.mark.parametrize(("trouble", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_each_kind_of_trouble_is_told_in_its_own_words(
    alice: Person, sandbox: Sandbox, call_id: str, trouble: Callable[[Sandbox], None], sentence: str
) -> None:
    trouble(sandbox)

    alice.get(f"/calls/{call_id}")

    assert alice.status == 200
    assert sentence in alice.text
    assert "This is the call as of" in alice.text
    alice.submit(f"/calls/{call_id}/archive", archived="true")
    assert sentence in alice.find("#notices").get_text()


def test_a_list_that_cannot_be_read_again_says_why_and_from_when_it_is_until_it_can(
    alice: Person, sandbox: Sandbox
) -> None:
    ids = alice.get("/calls").call_ids
    sandbox.answer_503(times=None)

    wait_until(lambda: "This is the list as of" in alice.get("/calls").text, 30, "a reading that failed")

    assert re.search(r"phone system [\w ]+\. .*This is the list as of \d\d:\d\d", alice.text)
    assert alice.call_ids == ids
    sandbox.clear_faults()
    wait_until(lambda: "This is the list as of" not in alice.get("/calls").text, 15, "a list read again")


def test_an_api_that_is_left_alone_is_told_with_when_to_try_again(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    sandbox.answer_503(times=None)
    for _ in range(5):
        alice.get(f"/calls/{call_id}")
    before = sandbox.counters().call_reads

    alice.get(f"/calls/{call_id}")

    assert "The phone system does not answer at the moment. Try again in" in alice.text
    assert "seconds." in alice.text
    alice.submit(f"/calls/{call_id}/notes", content="Not to be lost")
    assert "does not answer at the moment" in alice.text
    assert "did not say whether" not in alice.text
    assert alice.find("textarea[name=content]").get_text(strip=True) == "Not to be lost"
    assert sandbox.counters().call_reads == before


def test_a_page_waits_for_an_api_that_asks_for_a_second(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    sandbox.answer_503(times=1, path=f"/calls/{call_id}", retry_after=1)

    alice.get(f"/calls/{call_id}")

    assert alice.status == 200
    assert "This is the call as of" not in alice.text


@pytest.mark.parametrize(("status", "body"), [(200, b""), (200, b"null"), (404, b"{}")])
def test_a_call_that_the_api_does_not_know_is_not_found(
    alice: Person, sandbox: Sandbox, call_id: str, status: int, body: bytes
) -> None:
    sandbox.answer_with(status, body, path=f"/calls/{call_id}")

    assert alice.get(f"/calls/{call_id}").status == 404
