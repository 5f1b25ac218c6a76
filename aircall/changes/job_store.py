"""Records of jobs: a small one is one record, the calls and results of a large one are kept in steps.

A step is written once it changes: results are only ever added, so that saving a large job that progresses
writes its head and the steps of its latest results. What a step holds is found by its number, from 0.
"""

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote

import msgspec

from aircall.changes.job_runner import Job, JobState, Result
from aircall.storage.records import RecordStore

T = TypeVar("T")

# Records: a job by its id, its steps by id and number, and the plans of a person.
JOB_PREFIX, CALLS_PREFIX, RESULTS_PREFIX, PLANS_PREFIX = "job:", "job-calls:", "job-results:", "job-plans:"
# Calls of one record.
STEP = 1000
# Seconds that a job can be undone, and that a question about many calls can be answered.
JOB_TTL, PLAN_TTL = 24 * 3600.0, 3600.0
# Plans of one person; the oldest is dropped for another.
MOST_PLANS = 3


class JobCalls(msgspec.Struct, frozen=True):
    """A step of a job's calls."""

    call_ids: list[str]
    row_versions: dict[str, int] = {}


class JobStore:
    """Jobs in a RecordStore, and plans: jobs that have not been started."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records
        # How many results of large jobs that progress here have been written, by job id.
        self._written: dict[str, int] = {}

    def save(self, job: Job, ttl: float = JOB_TTL) -> None:
        """Save the job as it is."""
        if len(job.call_ids) <= STEP:
            self._records.put(JOB_PREFIX + job.id, job.to_bytes(), ttl)
            return
        if job.id not in self._written:
            self._save_calls(job, ttl)
        self._save_results(job, ttl)
        head = msgspec.structs.replace(
            job, call_ids=[], row_versions={}, results=[], sizes=(len(job.call_ids), len(job.results))
        )
        # Last: who reads the head finds all of its steps.
        self._records.put(JOB_PREFIX + job.id, head.to_bytes(), ttl)
        if job.state is JobState.RUNNING:
            self._written[job.id] = len(job.results)
        else:
            self._written.pop(job.id, None)

    def load(self, job_id: str) -> Job | None:
        """Return the job; None if there is none, or a step of it is gone."""
        record = self._records.load(JOB_PREFIX + job_id)
        job = Job.from_bytes(record.value) if record else None
        if job is None or not job.sizes[0]:
            return job
        calls = self._steps(CALLS_PREFIX, job_id, job.sizes[0], JobCalls)
        results = self._steps(RESULTS_PREFIX, job_id, job.sizes[1], list[Result])
        if calls is None or results is None:
            return None
        return msgspec.structs.replace(
            job,
            call_ids=[call_id for step in calls for call_id in step.call_ids],
            row_versions={name: each for step in calls for name, each in step.row_versions.items()},
            # A step may have been saved again since the head.
            results=[result for step in results for result in step][: job.sizes[1]],
            sizes=(0, 0),
        )

    def plan(self, job: Job) -> None:
        """Keep a job that is not to be started yet, and drop this person's oldest plans."""
        # Quoted, as names may hold blanks.
        key = PLANS_PREFIX + quote(job.owner, safe="")
        record = self._records.load(key)
        plan_ids = record.value.decode().split() if record else []
        for old_id in plan_ids[: 1 - MOST_PLANS]:
            self._drop_plan(old_id)
        self.save(msgspec.structs.replace(job, state=JobState.PLANNED), PLAN_TTL)
        self._records.put(key, " ".join([*plan_ids[1 - MOST_PLANS :], job.id]).encode(), PLAN_TTL)

    def _drop_plan(self, plan_id: str) -> None:
        plan = self.load(plan_id)
        if plan is None or plan.state is not JobState.PLANNED:
            # It has been started, or is gone.
            return
        self._records.delete(JOB_PREFIX + plan_id)
        for number in range(_step_count(len(plan.call_ids))):
            self._records.delete(_key(CALLS_PREFIX, plan_id, number))

    def _save_calls(self, job: Job, ttl: float) -> None:
        for number in range(_step_count(len(job.call_ids))):
            call_ids = job.call_ids[number * STEP : (number + 1) * STEP]
            versions = {name: job.row_versions[name] for name in call_ids if name in job.row_versions}
            step = JobCalls(call_ids, versions)
            self._records.put(_key(CALLS_PREFIX, job.id, number), msgspec.json.encode(step), ttl)

    def _save_results(self, job: Job, ttl: float) -> None:
        first = self._written.get(job.id, 0) // STEP
        for number in range(first, _step_count(len(job.results))):
            results = job.results[number * STEP : (number + 1) * STEP]
            self._records.put(_key(RESULTS_PREFIX, job.id, number), msgspec.json.encode(results), ttl)

    def _steps(self, prefix: str, job_id: str, size: int, kind: type[T]) -> Sequence[T] | None:
        steps = []
        for number in range(_step_count(size)):
            record = self._records.load(_key(prefix, job_id, number))
            if record is None:
                return None
            steps.append(msgspec.json.decode(record.value, type=kind))
        return steps


def _step_count(size: int) -> int:
    return -(-size // STEP)


def _key(prefix: str, job_id: str, number: int) -> str:
    return f"{prefix}{job_id}:{number}"
