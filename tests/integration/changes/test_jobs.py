"""A job archives each of its calls once and records every outcome, whatever fails, and can be undone."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from aircall.api.client import POOL_SIZE, ApiClient, Pool
from aircall.calls.tables import calls
from aircall.changes.errors import FailureReason
from aircall.changes.job_runner import Job, Outcome, Result
from aircall.changes.jobs import CHANGES_PER_PROCESS, TooManyJobsError
from tests.integration.changes.conftest import Services, inbox, services_on
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def run(services: Services, call_ids: list[str], is_archived: bool) -> Job:
    return finished(services, services.jobs.start(services.alice.id, "alice", call_ids, is_archived))


def undone(services: Services, job: Job) -> Job:
    return finished(services, services.jobs.undo(services.alice.id, job))


def retried(services: Services, job: Job) -> Job:
    return finished(services, services.jobs.retry(services.logins.create("alice", "any").id, job))


def finished(services: Services, job_id: str) -> Job:
    wait_until(lambda: not found(services, job_id).is_running, 30)
    return found(services, job_id)


def found(services: Services, job_id: str) -> Job:
    job = services.jobs.find(job_id, "alice")
    assert job is not None
    return job


def outcomes(job: Job) -> dict[str, Outcome]:
    return {result.call_id: result.outcome for result in job.results}


def reason_of(result: Result) -> str:
    reason: FailureReason = msgspec.json.decode(result.reason, type=FailureReason)
    return reason.error


def test_each_call_has_its_own_outcome(services: Services, sandbox: Sandbox) -> None:
    first, second, deleted = inbox(sandbox)[:3]
    archived = next(call["id"] for call in sandbox.calls() if call["is_archived"])
    sandbox.remove_call(deleted)

    job = run(services, [first, second, deleted, archived, first], True)

    assert outcomes(job) == {
        first: Outcome.DONE,
        second: Outcome.DONE,
        deleted: Outcome.FAILED,
        archived: Outcome.ALREADY_SO,
    }
    assert [reason_of(result) for result in job.of(Outcome.FAILED)] == ["NotFoundError"]


def test_an_undo_restores_exactly_what_was_changed(services: Services, sandbox: Sandbox) -> None:
    # With a finer time than is stored.
    sandbox.add_call(created_at="2026-11-20T10:00:00.123456Z", is_archived=False)
    before = {call["id"]: call["is_archived"] for call in sandbox.calls()}
    job = run(services, list(before), True)

    undo = undone(services, job)

    assert {call["id"]: call["is_archived"] for call in sandbox.calls()} == before
    assert set(outcomes(undo)) == {call_id for call_id in before if not before[call_id]}
    assert set(outcomes(undo).values()) == {Outcome.DONE}


def test_an_undo_and_its_retry_leave_alone_what_has_changed_since(
    services: Services, sandbox: Sandbox
) -> None:
    toggled, noted, untouched = call_ids = inbox(sandbox)[:3]
    job = run(services, call_ids, True)
    for _ in range(2):
        sandbox.archive(toggled)
        services.changes.read_call(services.alice.id, toggled)
    sandbox.answer_503(times=None, path="/calls/", retry_after=60)
    undo = undone(services, job)
    sandbox.clear_faults()
    sandbox.add_note(noted, "this stays archived")

    again = retried(services, undo)

    assert set(outcomes(undo).values()) == {Outcome.FAILED}
    assert outcomes(again) == {
        toggled: Outcome.LEFT_ALONE,
        noted: Outcome.LEFT_ALONE,
        untouched: Outcome.DONE,
    }
    assert again.undoes == job.id
    assert sandbox.call(toggled)["is_archived"] is sandbox.call(noted)["is_archived"] is True


def test_concurrent_undos_are_one(services: Services, sandbox: Sandbox) -> None:
    call_ids = inbox(sandbox)[:5]
    job = run(services, call_ids, True)

    with ThreadPoolExecutor(8) as pool:
        undo_ids = set(pool.map(lambda _: services.jobs.undo(services.alice.id, job), range(8)))

    assert len(undo_ids) == 1
    finished(services, undo_ids.pop())
    assert set(sandbox.counters().archive_flips_by_call.values()) == {2}


def test_the_last_wanted_state_wins_however_many_ask_at_once(services: Services, sandbox: Sandbox) -> None:
    call_id = sandbox.calls()[0]["id"]

    for turn in range(50):
        wanted = bool(turn % 2)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda _: run(services, [call_id], not wanted), range(2)))  # noqa: B023
            last = pool.submit(run, services, [call_id], wanted)
            assert outcomes(last.result())[call_id] in (Outcome.DONE, Outcome.ALREADY_SO)

        assert sandbox.call(call_id)["is_archived"] is wanted


# Stopping


def test_a_waiting_job_sends_heartbeats_and_can_be_stopped(services: Services, sandbox: Sandbox) -> None:
    call_ids = inbox(sandbox)[:10]
    sandbox.answer_503(times=None, path="/calls/", retry_after=25)
    job_id = services.jobs.start(services.alice.id, "alice", call_ids, True)
    started_at = found(services, job_id).saved_at

    wait_until(lambda: found(services, job_id).saved_at > started_at, 10, "a heartbeat of the job")
    services.jobs.stop(found(services, job_id))
    wait_until(lambda: not found(services, job_id).is_running, 5, "its end")

    assert outcomes(found(services, job_id)) == dict.fromkeys(call_ids, Outcome.STOPPED)


def test_at_shutdown_every_call_has_an_outcome(services: Services, sandbox: Sandbox) -> None:
    call_ids = inbox(sandbox)
    sandbox.be_slow(0.2, path="/calls/")
    job_id = services.jobs.start(services.alice.id, "alice", call_ids, True)
    wait_until(lambda: sandbox.counters().archive_flips, 10)

    services.jobs.close()
    job, toggles = found(services, job_id), sandbox.counters().archive_flips
    late = run(services, call_ids[:2], False)

    assert not job.is_running
    assert len(job.of(Outcome.DONE)) == toggles == sandbox.counters().archive_flips
    assert len(job.of(Outcome.STOPPED)) == len(call_ids) - toggles > 0
    assert set(outcomes(late).values()) == {Outcome.STOPPED}


def test_toggles_that_outlast_the_shutdown_are_unconfirmed(sandbox: Sandbox, tmp_path: Path) -> None:
    call_ids = inbox(sandbox)[:10]
    sandbox.be_slow(30, path="/calls/")

    with services_on(ApiClient(sandbox.url, deadline=20), tmp_path) as services:
        count_before = sandbox.counters().requests
        job_id = services.jobs.start(services.alice.id, "alice", call_ids, True)
        wait_until(lambda: sandbox.counters().requests == count_before + 5, 10)
        services.jobs.close()
        job = found(services, job_id)
        sandbox.clear_faults()

    assert not job.is_running
    assert len(job.of(Outcome.UNCONFIRMED)) == 5
    assert len(job.of(Outcome.STOPPED)) == 5


# Failures


@contextmanager
def refusing_writes(database: Path, table: str, keys: str = "") -> Iterator[None]:
    """Make this database refuse new rows of a table, or only those with such keys."""
    condition = f"WHEN NEW.key LIKE '{keys}'" if keys else ""
    with closing(sqlite3.connect(database, timeout=10, isolation_level=None)) as connection:
        connection.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON {table} {condition} "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
        yield
        connection.execute("DROP TRIGGER refuse")


def test_a_job_that_cannot_be_saved_for_a_while_is_complete_later(
    services: Services, sandbox: Sandbox
) -> None:
    call_ids = inbox(sandbox)[:20]
    sandbox.be_slow(0.1, path="/calls/")
    job_id = services.jobs.start(services.alice.id, "alice", call_ids, True)

    with refusing_writes(services.data_dir / "sessions.db", "records", "job:%"):
        wait_until(lambda: sandbox.counters().archive_flips == len(call_ids), 20)
    job = finished(services, job_id)

    assert outcomes(job) == dict.fromkeys(call_ids, Outcome.DONE)


def test_a_change_that_could_not_be_stored_is_unconfirmed(services: Services, sandbox: Sandbox) -> None:
    call_ids = inbox(sandbox)[:3]

    with refusing_writes(services.data_dir / "calls.db", calls.name):
        job = run(services, call_ids, True)
    again = retried(services, job)

    assert outcomes(job) == dict.fromkeys(call_ids, Outcome.UNCONFIRMED)
    assert outcomes(again) == dict.fromkeys(call_ids, Outcome.ALREADY_SO)
    assert sandbox.counters().archive_flips == 3


def test_a_job_waits_while_the_api_limits_its_rate(services: Services, sandbox: Sandbox) -> None:
    call_ids = inbox(sandbox)[:10]
    sandbox.answer_with(429, b"{}", times=6, path="/calls/")

    job = run(services, call_ids, True)

    assert outcomes(job) == dict.fromkeys(call_ids, Outcome.DONE)


@pytest.mark.parametrize(
    ("count", "times", "retry_after"), [(10, None, 60), (1, 1, 4)], ids=["too long", "a single call"]
)
def test_a_job_that_would_wait_too_long_and_a_single_call_fail_with_the_reason(
    services: Services, sandbox: Sandbox, count: int, times: int | None, retry_after: float
) -> None:
    call_ids = inbox(sandbox)[:count]
    sandbox.answer_503(times=times, path="/calls/", retry_after=retry_after)

    job = run(services, call_ids, True)

    assert outcomes(job) == dict.fromkeys(call_ids, Outcome.FAILED)
    assert {reason_of(result) for result in job.results} == {"ServerError"}


def test_a_job_ends_with_its_login_and_can_be_retried_later(services: Services, sandbox: Sandbox) -> None:
    call_ids = inbox(sandbox)[:20]
    sandbox.refuse_refresh()
    sandbox.expire_access_tokens()
    job = run(services, call_ids, True)
    sandbox.clear_faults()

    again = retried(services, job)

    assert outcomes(job) == dict.fromkeys(call_ids, Outcome.SIGNED_OUT)
    assert outcomes(again) == dict.fromkeys(call_ids, Outcome.DONE)


def test_a_person_with_three_jobs_may_start_only_single_calls(services: Services, sandbox: Sandbox) -> None:
    *call_ids, last = inbox(sandbox)[:11]
    sandbox.be_slow(0.2, path="/calls/")
    for number in range(3):
        services.jobs.start(services.alice.id, "alice", call_ids[number::3], True)

    with pytest.raises(TooManyJobsError):
        services.jobs.start(services.alice.id, "alice", call_ids, False)
    services.jobs.start(services.alice.id, "bob", call_ids, True)

    assert outcomes(run(services, [last], True)) == {last: Outcome.DONE}


def test_many_jobs_leave_slots_for_other_requests(sandbox: Sandbox, tmp_path: Path) -> None:
    api = ApiClient(sandbox.url, slots={**POOL_SIZE, Pool.CALL: CHANGES_PER_PROCESS + 1})
    call_ids = inbox(sandbox)
    sandbox.be_slow(1.0, path="/calls/")

    with services_on(api, tmp_path) as services:
        count_before = sandbox.counters().requests
        for number in range(4):
            services.jobs.start(services.alice.id, f"colleague {number}", call_ids[number::4], True)
        wait_until(lambda: sandbox.counters().requests >= count_before + CHANGES_PER_PROCESS, 10)
        read = services.changes.read_call(services.alice.id, call_ids[0])
        sandbox.clear_faults()

    assert read.id == call_ids[0]


def test_with_one_idempotency_key_a_change_is_made_once(services: Services, sandbox: Sandbox) -> None:
    call_id = inbox(sandbox)[0]
    sandbox.be_slow(0.2, path=f"/calls/{call_id}")

    def start(_: int) -> str:
        return services.jobs.start(services.alice.id, "alice", [call_id], True, idempotency_key="k")

    with ThreadPoolExecutor(3) as pool:
        (job_id,) = set(pool.map(start, range(3)))
    # A colleague's change since then stays.
    sandbox.archive(call_id)

    assert start(4) == job_id
    assert outcomes(found(services, job_id)) == {call_id: Outcome.DONE}
    assert sandbox.counters().archive_flips_by_call[call_id] == 1
    bob = services.jobs.start(services.alice.id, "bob", [call_id], True, idempotency_key="k")
    assert bob != job_id


def test_the_last_twenty_jobs_of_a_person_are_listed_and_the_newest_that_is_not_undone_is_known(
    services: Services, sandbox: Sandbox
) -> None:
    ids = inbox(sandbox)[:22]
    jobs = [run(services, [call_id], True) for call_id in ids]
    run(services, ids[:1], True)

    listed = services.jobs.recent("alice")
    assert [job.call_ids[0] for job in listed] == [ids[0], *reversed(ids[3:])]
    # The last one has changed nothing.
    for job in (jobs[-1], jobs[-2]):
        newest = services.jobs.newest_undoable("alice")
        assert newest is not None
        assert newest.id == job.id
        undone(services, newest)

    assert services.jobs.recent("alice") == listed
    assert services.jobs.recent("bob") == []
