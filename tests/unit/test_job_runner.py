"""A job ends by itself when too many outcomes in a row are unknown."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from aircall.changes.errors import UnconfirmedError
from aircall.changes.job_runner import CHANGES_PER_JOB, MAX_UNCONFIRMED, Job, JobRunner, Outcome
from aircall.changes.service import Archived

CALL_IDS = [f"call {number}" for number in range(60)]


def run(change: Callable[[str], Archived]) -> Job:
    job = Job.new("alice", CALL_IDS, True, "/calls")
    with ThreadPoolExecutor(CHANGES_PER_JOB) as pool:
        runner = JobRunner(job, change, pool, lambda _: None)
        runner.start()
        runner.join(30)
        assert not runner.is_alive
    return runner.job


def lose_outcome(_call_id: str) -> Archived:
    raise UnconfirmedError("not seen", last_seen=None)


def test_an_api_that_confirms_no_change_is_sent_no_more_of_them() -> None:
    job = run(lose_outcome)

    unconfirmed = len(job.of(Outcome.UNCONFIRMED))
    assert MAX_UNCONFIRMED <= unconfirmed < MAX_UNCONFIRMED + CHANGES_PER_JOB
    assert len(job.of(Outcome.STOPPED)) == len(CALL_IDS) - unconfirmed
    assert sorted(job.open_ids) == sorted(CALL_IDS)


def test_unconfirmed_changes_among_others_end_no_job() -> None:
    numbers = count()

    def change(call_id: str) -> Archived:
        return lose_outcome(call_id) if next(numbers) % 3 else Archived(is_changed=True, row_version=1)

    job = run(change)

    assert not job.of(Outcome.STOPPED)
    assert len(job.of(Outcome.UNCONFIRMED)) == 40
