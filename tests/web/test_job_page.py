"""The page of a change of many calls: what it offers while somebody works on it, and when nobody does."""

from bs4 import BeautifulSoup
from flask import Flask

from aircall.archive_job import Job, JobState, Outcome, Result
from aircall.archive_jobs import PREFIX
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
        services().store.put(PREFIX + job.id, job.to_bytes(), 60.0)

    alice.get(f"/calls/archive/{job.id}")
    assert "The work broke off. What became of 1 call is not known" in alice.text
    assert not alice.page.select("progress")
    alice.submit(f"{alice.path}/retry")

    assert sandbox.call(ids[1])["is_archived"] is True


def broken_off(ids: list[str]) -> Job:
    """Alice's change of these calls, of which the first is done; its process has died since."""
    return Job(
        id="broken-off",
        owner="alice",
        is_archived=True,
        call_ids=ids,
        way_back="/calls",
        undoes="",
        state=JobState.RUNNING,
        written_at=0.0,
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
