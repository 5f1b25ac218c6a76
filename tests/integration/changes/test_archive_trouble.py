"""Whatever goes wrong while a job is at work: no change without a result, and the next try is safe."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from aircall.api.client import POOL_SIZE, ApiClient, Pool
from aircall.calls.tables import calls
from aircall.changes.job_runner import Outcome
from aircall.changes.jobs import PARALLEL_CHANGES, TooManyJobsError
from tests.integration.changes.conftest import Team, inbox, working
from tests.integration.changes.test_archive_jobs import finished, outcomes, reason_of, run, undone
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


@contextmanager
def refusing_writes(database: Path, table: str, keys: str = "") -> Iterator[None]:
    """While inside, this database takes nothing for this table, or for those keys of it."""
    condition = f"WHEN NEW.key LIKE '{keys}'" if keys else ""
    with closing(sqlite3.connect(database, timeout=10, isolation_level=None)) as connection:
        for event in ("INSERT", "UPDATE"):
            connection.execute(
                f"CREATE TRIGGER refuse_{event} BEFORE {event} ON {table} {condition} "
                "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )
        yield
        for event in ("INSERT", "UPDATE"):
            connection.execute(f"DROP TRIGGER refuse_{event}")


def test_a_job_that_cannot_be_written_down_for_a_while_has_each_result_afterwards(
    team: Team, sandbox: Sandbox
) -> None:
    call_ids = inbox(sandbox)[:20]
    sandbox.be_slow(0.1, path="/calls/")
    job_id = team.jobs.start(team.alice.id, "alice", call_ids, True)

    with refusing_writes(team.data_dir / "sessions.db", "records", "job:%"):
        wait_until(lambda: sandbox.counters().archive_flips == len(call_ids), 20)
    job = finished(team, job_id)

    assert outcomes(job) == dict.fromkeys(call_ids, Outcome.DONE)


def test_a_change_that_could_not_be_mirrored_is_told_as_unconfirmed(team: Team, sandbox: Sandbox) -> None:
    call_ids = inbox(sandbox)[:3]

    with refusing_writes(team.data_dir / "calls.db", calls.name):
        job = run(team, call_ids, True)
    again = finished(team, team.jobs.retry(team.alice.id, job))

    assert outcomes(job) == dict.fromkeys(call_ids, Outcome.UNCONFIRMED)
    assert outcomes(again) == dict.fromkeys(call_ids, Outcome.ALREADY_SO)
    assert sandbox.counters().archive_flips == 3


def test_an_undo_that_is_tried_again_leaves_alone_what_has_changed_meanwhile(
    team: Team, sandbox: Sandbox
) -> None:
    noted, untouched = call_ids = inbox(sandbox)[:2]
    job = run(team, call_ids, True)
    sandbox.answer_503(times=None, path="/calls/", retry_after=60)
    undo = undone(team, job)
    sandbox.clear_faults()
    sandbox.add_note(noted, "this stays archived")

    again = finished(team, team.jobs.retry(team.alice.id, undo))

    assert set(outcomes(undo).values()) == {Outcome.FAILED}
    assert outcomes(again) == {noted: Outcome.LEFT_ALONE, untouched: Outcome.DONE}
    assert again.undoes == job.id
    assert sandbox.call(noted)["is_archived"] is True


def test_a_job_that_is_told_to_come_back_comes_back(team: Team, sandbox: Sandbox) -> None:
    call_ids = inbox(sandbox)[:10]
    sandbox.answer_with(429, b"{}", times=7, path="/calls/")

    job = run(team, call_ids, True)

    assert outcomes(job) == dict.fromkeys(call_ids, Outcome.DONE)


def test_a_job_that_would_have_to_wait_too_long_fails_with_the_reason(team: Team, sandbox: Sandbox) -> None:
    call_ids = inbox(sandbox)[:10]
    sandbox.answer_503(times=None, path="/calls/", retry_after=60)

    job = run(team, call_ids, True)

    assert {(result.outcome, reason_of(result)) for result in job.results} == {
        (Outcome.FAILED, "ServerError")
    }
    assert sorted(outcomes(job)) == sorted(call_ids)


def test_a_single_call_is_not_waited_for(team: Team, sandbox: Sandbox) -> None:
    call_id = inbox(sandbox)[0]
    sandbox.answer_503(times=1, path=f"/calls/{call_id}/archive", retry_after=4)

    job = run(team, [call_id], True)

    assert outcomes(job) == {call_id: Outcome.FAILED}


def test_a_job_ends_with_its_login_and_goes_on_with_the_next_one(team: Team, sandbox: Sandbox) -> None:
    call_ids = inbox(sandbox)[:20]
    sandbox.refuse_refresh()
    sandbox.expire_access_tokens()
    job = run(team, call_ids, True)
    sandbox.clear_faults()

    again = finished(team, team.jobs.retry(team.logins.create("alice", "any").id, job))

    assert outcomes(job) == dict.fromkeys(call_ids, Outcome.SIGNED_OUT)
    assert outcomes(again) == dict.fromkeys(call_ids, Outcome.DONE)


def test_somebody_with_three_jobs_under_way_waits_but_for_single_calls(team: Team, sandbox: Sandbox) -> None:
    *call_ids, last = inbox(sandbox)[:11]
    sandbox.be_slow(0.2, path="/calls/")
    for number in range(3):
        team.jobs.start(team.alice.id, "alice", call_ids[number::3], True)

    with pytest.raises(TooManyJobsError):
        team.jobs.start(team.alice.id, "alice", call_ids, False)
    team.jobs.start(team.alice.id, "bob", call_ids, True)

    assert outcomes(run(team, [last], True)) == {last: Outcome.DONE}


def test_many_jobs_leave_room_for_everybody_else(sandbox: Sandbox, tmp_path: Path) -> None:
    api = ApiClient(sandbox.url, slots={**POOL_SIZE, Pool.CALL: PARALLEL_CHANGES + 1})
    call_ids = inbox(sandbox)
    sandbox.be_slow(1.0, path="/calls/")

    with working(api, tmp_path) as team:
        begun_after = sandbox.counters().requests
        for number in range(4):
            team.jobs.start(team.alice.id, f"colleague {number}", call_ids[number::4], True)
        wait_until(lambda: sandbox.counters().requests >= begun_after + PARALLEL_CHANGES, 10)
        read = team.changes.read_call(team.alice.id, call_ids[0])

    assert read.id == call_ids[0]


def test_a_call_with_a_finer_time_than_is_kept_can_be_moved_back(team: Team, sandbox: Sandbox) -> None:
    call = sandbox.add_call(created_at="2026-11-20T10:00:00.123456Z", is_archived=False)
    job = run(team, [call["id"]], True)

    undo = undone(team, job)

    assert outcomes(undo) == {call["id"]: Outcome.DONE}
