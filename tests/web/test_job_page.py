"""The page of a change of many calls: what it offers while somebody works on it, and when nobody does."""

import time

from bs4 import BeautifulSoup
from flask import Flask

from aircall.changes.job_runner import Job, JobState, Outcome, Result
from aircall.changes.jobs import JOB_PREFIX
from aircall.web.services import services
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.test_archive_many import finish


def test_a_change_that_broke_off_says_so_and_is_tried_again(
    alice: Person, app: Flask, sandbox: Sandbox
) -> None:
    ids = alice.call_ids[:2]
    job = broken_off(ids)
    with app.app_context():
        services().records.put(JOB_PREFIX + job.id, job.to_bytes(), 60.0)

    alice.get(f"/calls/archive/{job.id}")
    assert "The work broke off. What became of 1 call is not known" in alice.text
    assert not alice.page.select("progress")
    alice.submit(f"{alice.path}/retry")

    assert sandbox.call(ids[1])["is_archived"] is True


def test_of_a_change_that_may_have_been_made_it_is_said_that_undo_leaves_it_out(
    alice: Person, app: Flask
) -> None:
    ids = alice.call_ids[:2]
    unconfirmed = Result(ids[1], Outcome.UNCONFIRMED, reason="It did not say.")
    job = broken_off(ids).with_results([unconfirmed]).finished()
    with app.app_context():
        services().records.put(JOB_PREFIX + job.id, job.to_bytes(), 60.0)

    alice.get(f"/calls/archive/{job.id}")

    assert "1 call may have been archived" in alice.text
    assert "Undo does not cover calls of which it is not known whether this changed them" in alice.text
    assert "Try 1 call again" in alice.text
    assert "Undo 1 call" in alice.text


def test_who_has_stopped_a_change_sees_that_it_stops(alice: Person, sandbox: Sandbox) -> None:
    alice.get("/calls/archive?archived=true")
    sandbox.be_slow(4.0, path="/calls/")
    alice.submit("/calls/archive", archived="true")

    alice.submit(f"{alice.path}/stop")

    assert alice.find("#stop-button").get_text() == "Stopping…"
    assert alice.find("#stop-button")["aria-disabled"] == "true"
    sandbox.clear_faults()
    finish(alice)
    assert "not reached before this was stopped" in alice.text


def test_a_login_that_ends_in_the_middle_leads_back_to_what_is_left(alice: Person, sandbox: Sandbox) -> None:
    ids = alice.call_ids[:3]
    sandbox.refuse_refresh()
    sandbox.expire_access_tokens()

    alice.submit("/calls/archive", archived="true", ids=ids)
    assert alice.path == "/login"
    sandbox.clear_faults()
    alice.submit("/login", username="alice", password="any")
    assert "3 calls were not reached before your session ended." in alice.text
    alice.submit(f"{alice.path}/retry")

    assert all(sandbox.call(call_id)["is_archived"] for call_id in ids)


def test_a_fourth_change_at_once_is_refused_in_plain_words(alice: Person, sandbox: Sandbox) -> None:
    # More than can be changed at once, so that the first are under way long enough.
    ids, last = alice.call_ids[:18], alice.call_ids[18:20]
    page = alice.page
    sandbox.be_slow(4.0, path="/calls/")
    for number in range(3):
        alice.page = page
        alice.submit("/calls/archive", archived="true", ids=ids[number::3])
    alice.page = page

    alice.submit("/calls/archive", archived="true", ids=last)

    assert "Three changes of yours are still under way." in alice.text
    sandbox.clear_faults()
    assert not any(sandbox.call(call_id)["is_archived"] for call_id in last)


def broken_off(ids: list[str]) -> Job:
    """Alice's change of these calls, of which the first is done; its process has died since."""
    return Job(
        id="broken-off",
        owner="alice",
        is_archived=True,
        call_ids=ids,
        return_url="/calls",
        undoes="",
        state=JobState.RUNNING,
        # A minute is too long to be told that somebody is at work.
        saved_at=time.time() - 20,
        results=[Result(ids[0], Outcome.DONE)],
    )


def test_what_is_under_way_is_neither_tried_again_nor_undone(alice: Person, sandbox: Sandbox) -> None:
    alice.get("/calls/archive?archived=true")
    sandbox.be_slow(seconds=0.4, times=None, path="/calls/")
    alice.submit("/calls/archive", archived="true")
    path, page = alice.path, alice.page

    for action in ("retry", "undo"):
        alice.page = BeautifulSoup(str(page).replace("/stop", f"/{action}"), "html.parser")
        alice.submit(f"{path}/{action}")
        assert alice.path == path

    assert alice.page.select("[data-under-way]")
    alice.submit(f"{path}/stop")
    sandbox.clear_faults()
    finish(alice)
