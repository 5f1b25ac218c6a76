"""Bulk changes: exactly the named calls, a result for each, and a job that can be stopped and retried."""

import re
import time

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from msgspec.structs import replace

from aircall.changes.job_runner import Job, Outcome, Result
from aircall.changes.job_store import JOB_PREFIX
from aircall.web.list_query import MOST_CHANGED
from tests.support.made_calls import made_call
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.web.conftest import services_of


def inbox(sandbox: Sandbox) -> set[str]:
    return {call["id"] for call in sandbox.calls() if not call["is_archived"]}


def archive(person: Person, ids: list[str] | None = None) -> None:
    """Send the form for many calls; without `ids`, those that it names itself."""
    person.submit("/calls/archive", archived="true", **({"ids": ids} if ids else {}))


def finish(person: Person) -> None:
    """Follow the page of a job until it is finished; a short one leads back to the list at once."""
    if person.path != "/calls":
        wait_until(lambda: not person.get(person.path).page.select("[data-in-flight]"), 30)


def made_up(number: int) -> str:
    return ",".join(f"00000000-0000-4000-8000-{index:012}" for index in range(number))


def test_ticked_calls_are_archived_together_and_undo_covers_those_that_were_not_before(
    alice: Person, sandbox: Sandbox
) -> None:
    before = inbox(sandbox)
    ids = alice.get("/calls?view=all&per_page=100").call_ids[:10]
    number = len(before & set(ids))

    archive(alice, ids)

    assert not set(ids) & inbox(sandbox)
    assert f"{number} calls archived. {10 - number} call" in alice.flash
    assert "already archived" in alice.flash
    alice.submit(str(alice.find("#notices form")["action"]))
    assert inbox(sandbox) == before


def test_all_that_match_are_archived_after_they_were_counted_and_no_newcomer(
    alice: Person, sandbox: Sandbox
) -> None:
    missed = {call["id"] for call in sandbox.calls() if call["call_type"] == "missed"} & inbox(sandbox)
    others = inbox(sandbox) - missed
    alice.get("/calls?type=missed&per_page=10")
    link = next(link for link in alice.page.select(".bulk a") if "Archive all" in link.get_text())
    assert str(len(missed)) in link.get_text()

    alice.get(str(link["href"]))
    assert f"Archive {len(missed)} calls?" in alice.text
    assert "in the inbox, missed" in alice.text
    newcomer = sandbox.add_call(call_type="missed", direction="inbound", is_archived=False)
    archive(alice)
    finish(alice)

    assert inbox(sandbox) == {*others, newcomer["id"]}


def test_the_question_counts_all_pages_and_names_what_it_leaves_out(alice: Person, sandbox: Sandbox) -> None:
    last = alice.get("/calls?per_page=100").call_ids[-1]

    alice.get(f"/calls/archive?archived=true&top=0-{last}")
    assert f"Archive {len(inbox(sandbox))} calls?" in alice.text

    alice.get("/calls/archive?archived=true&type=misssed&from=yesterday")
    assert "“misssed” is not a known type, so it is ignored." in alice.text
    assert "“yesterday” is not a date" in alice.text

    alice.get("/calls/archive?archived=true&view=archived")
    assert "Nothing to do" in alice.text

    for path in ("/calls/archive", "/calls/archive?archived=perhaps"):
        assert alice.get(path).status == 400


def test_failures_are_listed_call_by_call_and_retried(alice: Person, bob: Person, sandbox: Sandbox) -> None:
    ids = alice.call_ids[:3]
    sandbox.answer_with(status=500, body=b"{}", times=100, path=f"/calls/{ids[1]}")

    archive(alice, ids)
    assert "2 calls archived." in alice.flash
    assert "1 of 3 could not be archived." in alice.flash
    alice.get(str(alice.find("#notices a")["href"]))
    assert len(alice.page.select("[data-result]")) == 1
    assert ids[1] in str(alice.find("[data-result] a")["href"])
    # Only its owner sees a job.
    assert bob.get(alice.path).status == 404
    sandbox.clear_faults()
    alice.submit(f"{alice.path}/retry")

    assert not set(ids) & inbox(sandbox)
    assert "Call archived: " in alice.flash
    assert set(sandbox.counters().archive_flips_by_call.values()) == {1}


def test_a_long_job_shows_its_progress_and_can_be_stopped_and_undone(alice: Person, sandbox: Sandbox) -> None:
    before = inbox(sandbox)
    alice.get("/calls/archive?archived=true")
    sandbox.be_slow(seconds=1.0, path="/calls/")

    archive(alice)
    path, page = alice.path, alice.page
    assert path.startswith("/calls/archive/")
    assert int(str(alice.find("progress")["max"])) == len(before)
    assert alice.find("noscript meta")["http-equiv"] == "refresh"
    for action in ("retry", "undo"):
        # A running job is neither retried nor undone.
        alice.page = BeautifulSoup(str(page).replace("/stop", f"/{action}"), "html.parser")
        alice.submit(f"{path}/{action}")
        assert alice.path == path
        assert alice.page.select("[data-in-flight]")
    alice.submit(f"{path}/stop")
    finish(alice)
    sandbox.clear_faults()

    archived_count = len(before) - len(inbox(sandbox))
    assert 0 < archived_count < len(before)
    assert f"{archived_count} of {len(before)} calls archived" in alice.text
    assert "This was stopped." in alice.text
    alice.submit(f"{alice.path}/undo")
    finish(alice)
    assert inbox(sandbox) == before


def test_a_request_for_no_calls_unusable_ids_or_too_many_changes_nothing(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    for ids, status, message in (
        ([], 200, "Select calls first."),
        ([call_id, "../me"], 404, "does not exist"),
        ([call_id, made_up(1000)], 400, "At most 1,000 calls"),
    ):
        archive(alice.get("/calls"), ids)

        assert alice.status == status
        assert message in alice.text
    assert sandbox.counters().archive_flips == 0


def test_as_many_calls_as_a_job_may_have_are_taken(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    archive(alice, [call_id, made_up(999)])
    finish(alice)

    assert "1 of 1,000 calls archived" in alice.text or "1 call archived" in alice.flash
    assert sandbox.counters().archive_flips == 1


def add_to_replica(app: Flask, number: int) -> None:
    """Make up so many calls of the inbox that the API does not have."""
    # The next full sync would remove them.
    services_of(app).sync.stop()
    replica = services_of(app).replica
    replica.merge([made_call(each) for each in range(1, number + 1)], replica.store.version)


@pytest.fixture
def crowd(alice: Person, app: Flask) -> int:
    """The number of calls in an inbox that has more than a form can name."""
    add_to_replica(app, 1050)
    return int(alice.get("/calls").find("[data-count=inbox]").get_text().replace(",", ""))


def test_thousands_of_calls_are_archived_in_steps_with_stop_retry_and_undo(
    alice: Person, bob: Person, sandbox: Sandbox, crowd: int
) -> None:
    sandbox.be_slow(30.0, path="/calls/")
    alice.get("/calls/archive?archived=true")
    assert f"Archive {crowd:,} calls?" in alice.text
    assert "see how far it is" in alice.text
    plan_id = str(alice.find("[name=plan]")["value"])
    assert len(str(alice.page)) < 20_000

    # Another's question cannot be answered.
    bob.get("/calls").submit("/calls/archive", archived="true", plan=plan_id)
    assert "This page was out of date" in bob.flash

    archive(alice)
    assert f"Archiving {crowd:,} calls…" in alice.text
    assert int(str(alice.find("progress")["max"])) == crowd
    job_path = alice.path
    # Sent twice, as by a double click, it is the same job.
    alice.get("/calls").submit("/calls/archive", archived="true", plan=plan_id)
    assert alice.path == job_path

    alice.submit(f"{job_path}/stop")
    sandbox.clear_faults()
    finish(alice)
    assert "This was stopped." in alice.text
    assert re.search(r"Try 1,\d+ calls again", alice.text)
    assert len(alice.page.select("[data-result]")) <= 100


def test_a_question_that_is_gone_is_asked_again_and_one_that_outlives_the_session_is_kept(
    alice: Person, crowd: int
) -> None:
    alice.get("/calls").submit("/calls/archive", archived="true", plan="gone")
    assert "This page was out of date" in alice.flash

    alice.get("/calls/archive?archived=true")
    question = alice.page
    alice.get("/calls").submit("/logout")
    alice.page = question
    archive(alice)
    assert alice.path == "/login"
    alice.submit("/login", username="alice", password="any")

    assert f"Archive {crowd:,} calls?" in alice.text
    assert "This has not been done yet." in alice.text


def test_as_many_as_nobody_would_wait_for_are_not_offered(alice: Person, app: Flask) -> None:
    add_to_replica(app, MOST_CHANGED + 1)

    alice.get("/calls")

    assert "Archive all" not in alice.text
    alice.get("/calls/archive?archived=true")
    assert "More than 20,000 calls match this filter: in the inbox. Narrow it first." in alice.text


def test_a_login_that_ends_in_the_middle_leads_back_to_what_is_left(alice: Person, sandbox: Sandbox) -> None:
    ids = alice.call_ids[:3]
    sandbox.refuse_refresh()
    sandbox.expire_access_tokens()

    archive(alice, ids)
    assert alice.path == "/login"
    sandbox.clear_faults()
    alice.submit("/login", username="alice", password="any")
    assert "Your session ended. 3 calls were not changed." in alice.text
    alice.submit(f"{alice.path}/retry")

    assert not set(ids) & inbox(sandbox)


def test_a_fourth_job_at_once_is_refused(alice: Person, app: Flask, sandbox: Sandbox) -> None:
    first, second, third, last = (alice.call_ids[number : number + 3] for number in (0, 3, 6, 9))
    login = services_of(app).logins.create("alice", "any")
    sandbox.be_slow(30.0, path="/calls/")
    for ids in (first, second, third):
        services_of(app).jobs.start(login.id, "alice", ids, True)

    archive(alice, last)

    assert "Three of your changes are still in progress." in alice.text
    sandbox.clear_faults()
    assert set(last) <= inbox(sandbox)


def put_job(app: Flask, ids: list[str], *results: Result, age: float) -> Job:
    """Store a job of Alice that was saved so many seconds ago; one with a result for each call has ended."""
    job = Job.new("alice", ids, True, "/calls").with_results(results)
    job = replace(job, saved_at=time.time() - age)
    job = job if job.unprocessed_ids else job.finished()
    services_of(app).records.put(JOB_PREFIX + job.id, job.to_bytes(), 60.0)
    return job


def test_a_job_that_is_being_stopped_says_so(alice: Person, app: Flask) -> None:
    job = put_job(app, alice.call_ids[:2], age=0)

    alice.get(f"/calls/archive/{job.id}").submit(f"/calls/archive/{job.id}/stop")

    assert alice.find("#stop-button").get_text() == "Stopping…"
    assert alice.find("#stop-button")["aria-disabled"] == "true"


def test_a_job_that_broke_off_says_so_and_is_retried(alice: Person, app: Flask, sandbox: Sandbox) -> None:
    ids = alice.call_ids[:2]
    # Longer ago than a job at work goes without saving its record.
    job = put_job(app, ids, Result(ids[0], Outcome.DONE), age=20)

    alice.get(f"/calls/archive/{job.id}")
    assert "This was interrupted. 1 call may not have been changed" in alice.text
    assert not alice.page.select("progress")
    alice.submit(f"{alice.path}/retry")

    assert ids[1] not in inbox(sandbox)


def test_undo_does_not_cover_a_change_of_unknown_outcome_and_says_so(alice: Person, app: Flask) -> None:
    done, unknown = alice.call_ids[:2]
    results = Result(done, Outcome.DONE), Result(unknown, Outcome.UNCONFIRMED, reason="It did not say.")
    job = put_job(app, [done, unknown], *results, age=0)

    alice.get(f"/calls/archive/{job.id}")

    for sentence in ("1 call may have been archived", "Try 1 call again", "Undo 1 call"):
        assert sentence in alice.text
    assert "Undo only covers calls that did change" in alice.text
