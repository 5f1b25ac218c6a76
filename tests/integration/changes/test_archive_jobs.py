"""A job brings each of its calls into the wanted state once, tells its outcome, and can be taken back."""

from concurrent.futures import ThreadPoolExecutor

import msgspec

from aircall.changes.errors import FailureReason
from aircall.changes.job_runner import Job, Outcome, Result
from tests.integration.changes.conftest import Team
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def run(team: Team, call_ids: list[str], is_archived: bool) -> Job:
    return finished(team, team.jobs.start(team.alice.id, "alice", call_ids, is_archived))


def reason_of(result: Result) -> str:
    """The name of the error that the change of a call failed with."""
    reason: FailureReason = msgspec.json.decode(result.reason, type=FailureReason)
    return reason.error


def undone(team: Team, job: Job) -> Job:
    return finished(team, team.jobs.undo(team.alice.id, job))


def finished(team: Team, job_id: str) -> Job:
    wait_until(lambda: not found(team, job_id).is_running, 30)
    return found(team, job_id)


def found(team: Team, job_id: str) -> Job:
    job = team.jobs.find(job_id, "alice")
    assert job is not None
    return job


def outcomes(job: Job) -> dict[str, Outcome]:
    return {result.call_id: result.outcome for result in job.results}


def test_each_call_has_a_result_of_its_own(team: Team, sandbox: Sandbox) -> None:
    inbox = [call["id"] for call in sandbox.calls() if not call["is_archived"]][:3]
    archived = next(call["id"] for call in sandbox.calls() if call["is_archived"])
    gone = inbox[2]
    sandbox.remove_call(gone)

    job = run(team, [*inbox, archived, inbox[0]], True)

    assert outcomes(job) == {
        inbox[0]: Outcome.DONE,
        inbox[1]: Outcome.DONE,
        gone: Outcome.FAILED,
        archived: Outcome.ALREADY_SO,
    }
    assert [reason_of(result) for result in job.of(Outcome.FAILED)] == ["NotFoundError"]


def test_taken_back_is_exactly_what_was_changed(team: Team, sandbox: Sandbox) -> None:
    before = {call["id"]: call["is_archived"] for call in sandbox.calls()}
    job = run(team, list(before), True)

    undo = undone(team, job)

    assert {call["id"]: call["is_archived"] for call in sandbox.calls()} == before
    assert set(outcomes(undo)) == {call_id for call_id in before if not before[call_id]}
    assert set(outcomes(undo).values()) == {Outcome.DONE}


def test_a_call_that_came_back_by_two_hands_is_still_somebody_elses(team: Team, sandbox: Sandbox) -> None:
    call_id = next(call["id"] for call in sandbox.calls() if not call["is_archived"])
    job = run(team, [call_id], True)
    for _ in range(2):
        sandbox.archive(call_id)
        team.changes.read_call(team.alice.id, call_id)

    undo = undone(team, job)

    assert outcomes(undo) == {call_id: Outcome.LEFT_ALONE}
    assert sandbox.call(call_id)["is_archived"] is True


def test_many_who_take_it_back_at_once_do_it_once(team: Team, sandbox: Sandbox) -> None:
    call_ids = [call["id"] for call in sandbox.calls() if not call["is_archived"]][:5]
    job = run(team, call_ids, True)

    with ThreadPoolExecutor(8) as pool:
        undo_ids = set(pool.map(lambda _: team.jobs.undo(team.alice.id, job), range(8)))

    assert len(undo_ids) == 1
    finished(team, undo_ids.pop())
    assert set(sandbox.counters().archive_flips_by_call.values()) == {2}


def test_after_a_stop_no_further_call_is_changed(team: Team, sandbox: Sandbox) -> None:
    call_ids = [call["id"] for call in sandbox.calls() if not call["is_archived"]]
    sandbox.be_slow(seconds=0.1, times=None, path="/calls/")
    job_id = team.jobs.start(team.alice.id, "alice", call_ids, True)
    wait_until(lambda: sandbox.counters().archive_flips > 0, 10)

    team.jobs.stop(found(team, job_id))
    job = finished(team, job_id)

    assert job.of(Outcome.STOPPED)
    assert len(job.results) == len(call_ids)
    assert sandbox.counters().archive_flips == len(job.of(Outcome.DONE))


def test_last_wanted_state_wins_however_many_ask(team: Team, sandbox: Sandbox) -> None:
    call_id = sandbox.calls()[0]["id"]

    for turn in range(50):
        wanted = bool(turn % 2)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda _: run(team, [call_id], not wanted), range(2)))  # noqa: B023
            last = pool.submit(run, team, [call_id], wanted)
            assert outcomes(last.result())[call_id] in (Outcome.DONE, Outcome.ALREADY_SO)

        assert sandbox.call(call_id)["is_archived"] is wanted
