"""When a job that nobody stops ends of itself. No socket: its changes are functions."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from aircall.changes.errors import UnconfirmedError
from aircall.changes.job_runner import MAX_UNCONFIRMED, PARALLEL_CHANGES, Job, JobRunner, Outcome
from aircall.changes.service import Archived

CALL_IDS = [f"call {number}" for number in range(60)]


def run(change: Callable[[str], Archived]) -> Job:
    """The job at its end, its calls changed so."""
    job = Job.new("alice", CALL_IDS, True, "/calls")
    with ThreadPoolExecutor(PARALLEL_CHANGES) as pool:
        working = JobRunner(job, change, pool, lambda _: None)
        working.start()
        working.join(30)
        assert not working.is_alive
    return working.job


def lose(_call_id: str) -> Archived:
    """A change of which nobody knows whether it was made."""
    raise UnconfirmedError("not seen", last_seen=None)


def test_an_api_that_never_says_what_became_of_a_change_is_sent_no_more_of_them() -> None:
    job = run(lose)

    unconfirmed = len(job.of(Outcome.UNCONFIRMED))
    assert MAX_UNCONFIRMED <= unconfirmed < MAX_UNCONFIRMED + PARALLEL_CHANGES
    assert len(job.of(Outcome.STOPPED)) == len(CALL_IDS) - unconfirmed
    assert sorted(job.open_ids) == sorted(CALL_IDS)


def test_changes_of_unknown_fate_among_others_end_no_job() -> None:
    numbers = count()

    def change(call_id: str) -> Archived:
        return lose(call_id) if next(numbers) % 3 else Archived(is_changed=True, row_version=1)

    job = run(change)

    assert not job.of(Outcome.STOPPED)
    assert len(job.of(Outcome.UNCONFIRMED)) == 40
