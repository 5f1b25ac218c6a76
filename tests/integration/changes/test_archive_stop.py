"""A job that is told to stop, by its user or with everything else: each of its calls has its result."""

from pathlib import Path

from aircall.api.client import ApiClient
from aircall.changes.job_runner import Outcome
from tests.integration.changes.conftest import Team, inbox, working
from tests.integration.changes.test_archive_jobs import found, outcomes, run
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def test_a_job_that_waits_shows_that_it_lives_and_can_be_stopped(team: Team, sandbox: Sandbox) -> None:
    call_ids = inbox(sandbox)[:10]
    sandbox.answer_503(times=None, path="/calls/", retry_after=25)
    job_id = team.jobs.start(team.alice.id, "alice", call_ids, True)
    begun_at = found(team, job_id).saved_at

    wait_until(lambda: found(team, job_id).saved_at > begun_at, 10, "a sign of life")
    team.jobs.stop(found(team, job_id))
    wait_until(lambda: not found(team, job_id).is_running, 5, "its end")

    assert outcomes(found(team, job_id)) == dict.fromkeys(call_ids, Outcome.STOPPED)


def test_when_everything_stops_no_change_is_without_its_result(team: Team, sandbox: Sandbox) -> None:
    call_ids = inbox(sandbox)
    sandbox.be_slow(0.2, path="/calls/")
    job_id = team.jobs.start(team.alice.id, "alice", call_ids, True)
    wait_until(lambda: sandbox.counters().archive_flips, 10)

    team.jobs.close()
    job, toggles = found(team, job_id), sandbox.counters().archive_flips
    late = run(team, call_ids[:2], False)

    assert not job.is_running
    assert len(job.of(Outcome.DONE)) == toggles == sandbox.counters().archive_flips
    assert len(job.of(Outcome.STOPPED)) == len(call_ids) - toggles > 0
    assert set(outcomes(late).values()) == {Outcome.STOPPED}


def test_what_does_not_end_in_time_when_everything_stops_is_unconfirmed(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    call_ids = inbox(sandbox)[:10]
    sandbox.be_slow(30, path="/calls/")

    with working(ApiClient(sandbox.url, deadline=20), tmp_path) as team:
        begun_after = sandbox.counters().requests
        job_id = team.jobs.start(team.alice.id, "alice", call_ids, True)
        wait_until(lambda: sandbox.counters().requests == begun_after + 5, 10)
        team.jobs.close()
        job = found(team, job_id)
        sandbox.clear_faults()

    assert not job.is_running
    assert len(job.of(Outcome.UNCONFIRMED)) == 5
    assert len(job.of(Outcome.STOPPED)) == 5
