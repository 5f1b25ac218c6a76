"""Archiving and moving back, one call or many: jobs with progress, a result for each call, stop and undo.

A job is a record, so that any process and page can show it. A single change runs in the request that asked
for it, and becomes a job in the background only if it takes longer than SINGLE_TIMEOUT. The last jobs of a
person are kept in a list, from which each can be undone.
"""

import hashlib
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from functools import partial
from urllib.parse import quote

from aircall.changes.errors import BusyError, FailureReason
from aircall.changes.job_runner import GRACE, Change, Job, JobRunner, JobState, Outcome, Result, attempt
from aircall.changes.job_store import JOB_TTL, JobStore
from aircall.changes.service import Archived, ChangeService
from aircall.concurrency import MessageBus
from aircall.errors import AircallError
from aircall.storage.records import RecordStore

# Records: the id of a job's undo by its own id, the request to stop it, the lock for starting it once, and
# the ids of a person's last jobs, separated by blanks, the newest first.
UNDO_PREFIX, STOP_PREFIX, START_PREFIX, RECENT_PREFIX = "undo:", "stop:", "start:", "recent:"
# Jobs of a person that are listed as recent.
MAX_RECENT = 20
# Seconds to wait for another request that lists a job of the same person.
RECENT_WAIT = 2.0
# Message with the id of a job to stop.
STOP_JOB = "stop-job"
# Seconds to wait for another request that undoes, or starts, the same job. Must exceed SINGLE_TIMEOUT.
SAME_JOB_WAIT = 10.0
# Seconds that a request waits for its single change; a page takes at most 8.
SINGLE_TIMEOUT = 8.0
# Changes in flight of all jobs of a process: half of the API client's pool, so that pages get their turn.
CHANGES_PER_PROCESS = 8
# Jobs of more than one call that a person may have in a process.
MAX_JOBS = 3
# Seconds that saving the final state may take.
SAVE_TIMEOUT = 1.0


class TooManyJobsError(Exception):
    """The person has MAX_JOBS jobs in progress. Nothing was begun."""


class JobService:
    """The jobs of all people. A job is found by its id and its owner's username together."""

    def __init__(self, changes: ChangeService, records: RecordStore, bus: MessageBus) -> None:
        self._changes = changes
        self._records = records
        self._store = JobStore(records)
        self._bus = bus
        bus.on(STOP_JOB, self._stop_here)
        self._pool = ThreadPoolExecutor(CHANGES_PER_PROCESS, thread_name_prefix="archive-change")
        self._lock = threading.Lock()
        self._runners: dict[str, JobRunner] = {}
        self._is_stopping = False

    def start(
        self,
        login_id: str,
        owner: str,
        call_ids: Sequence[str],
        is_archived: bool,
        return_url: str = "",
        idempotency_key: str = "",
    ) -> str:
        """Start to bring these calls to the desired state, each once; return the id of the job.

        A single change has usually been made when this returns. With the same idempotency key it is the same
        job, begun once. Raises TooManyJobsError, and BusyError if another request is beginning it.
        """
        job_id = _id_of(owner, idempotency_key) if idempotency_key else ""
        job = Job.new(owner, call_ids, is_archived, return_url, job_id)
        if not job_id:
            return self._begin_listed(login_id, job)
        with self._records.lock(START_PREFIX + job_id, SAME_JOB_WAIT) as is_held:
            if not is_held:
                raise BusyError("Another request is starting this.")
            return job_id if self.find(job_id, owner) else self._begin_listed(login_id, job)

    def plan(self, owner: str, call_ids: Sequence[str], is_archived: bool, return_url: str = "") -> str:
        """Keep these calls for a question, for an hour; return the id of the plan. The oldest gives way."""
        plan = Job.new(owner, call_ids, is_archived, return_url)
        self._store.plan(plan)
        return plan.id

    def find_plan(self, plan_id: str, owner: str) -> Job | None:
        """Return the plan if it is this person's, and not started yet."""
        job = self._store.load(plan_id)
        return job if job and job.owner == owner and job.state is JobState.PLANNED else None

    def start_plan(self, login_id: str, plan_id: str, owner: str) -> str:
        """Start a plan, unless that has been done; return its id, which is also the job's.

        Raises TooManyJobsError, and BusyError if another request is doing it.
        """
        with self._records.lock(START_PREFIX + plan_id, SAME_JOB_WAIT) as is_held:
            if not is_held:
                raise BusyError("Another request is starting this.")
            if plan := self.find_plan(plan_id, owner):
                self._begin_listed(login_id, plan.started())
        return plan_id

    def undo(self, login_id: str, job: Job, return_url: str = "") -> str:
        """Start to undo exactly what this job has changed; return the id of its undo, always the same.

        Raises TooManyJobsError, and BusyError if another request is doing it.
        """
        with self._records.lock(UNDO_PREFIX + job.id, SAME_JOB_WAIT) as is_held:
            if not is_held:
                raise BusyError("Another request is undoing this.")
            if undo_id := self.undo_of(job):
                return undo_id
            row_versions = {result.call_id: result.row_version for result in job.of(Outcome.DONE)}
            undo = Job.new(job.owner, row_versions, not job.is_archived, return_url)
            undo = undo.as_undo_of(job.id, row_versions)
            self._begin(login_id, undo)
            self._records.put(UNDO_PREFIX + job.id, undo.id.encode(), JOB_TTL)
        return undo.id

    def retry(self, login_id: str, job: Job) -> str:
        """Start a job for the calls that are not known to be as wanted; return its id.

        The retry of an undo leaves calls alone that have changed since, too. Raises TooManyJobsError.
        """
        again = Job.new(job.owner, job.open_ids, job.is_archived, job.return_url)
        if not job.undoes:
            return self._begin_listed(login_id, again)
        return self._begin(login_id, again.as_undo_of(job.undoes, job.row_versions))

    def find(self, job_id: str, owner: str) -> Job | None:
        """Return the job with its results so far, if this person owns it."""
        job = self._store.load(job_id)
        return job if job and job.owner == owner and job.state is not JobState.PLANNED else None

    def undo_of(self, job: Job) -> str:
        """Return the id of the job that undoes this one, or an empty text."""
        record = self._records.load(UNDO_PREFIX + job.id)
        return record.value.decode() if record else ""

    def recent(self, owner: str) -> list[Job]:
        """Return the last jobs of this person that are not undos, the one that began last first."""
        record = self._records.load(_recent_key(owner))
        job_ids = record.value.decode().split() if record else []
        found = filter(None, [self.find(job_id, owner) for job_id in job_ids])
        return sorted(found, key=lambda job: job.begun_at, reverse=True)

    def newest_undoable(self, owner: str) -> Job | None:
        """Return the newest job of this person that has changed calls and was not undone, if any."""
        return next((job for job in self.recent(owner) if self._is_undoable(job)), None)

    def _is_undoable(self, job: Job) -> bool:
        return not job.is_running and bool(job.of(Outcome.DONE)) and not self.undo_of(job)

    def wait(self, job_id: str, timeout: float) -> None:
        """Wait up to `timeout` seconds for the job to finish."""
        if runner := self._runners.get(job_id):
            runner.join(timeout)

    def stop(self, job: Job) -> None:
        """Begin no more changes of this job, in whichever process it runs. Does not block."""
        self._records.put(STOP_PREFIX + job.id, b"", JOB_TTL)
        self._bus.send(STOP_JOB, job.id)

    def is_stopping(self, job: Job) -> bool:
        """Whether the job was told to stop and has not finished."""
        return job.is_running and self._records.load(STOP_PREFIX + job.id) is not None

    def stop_all(self) -> None:
        """Begin no more changes of any job. Does not block; `close` waits for what is in flight."""
        with self._lock:
            self._is_stopping = True
            for runner in self._runners.values():
                runner.stop(GRACE)

    def close(self) -> None:
        """Stop all jobs, and save their results."""
        self.stop_all()
        for runner in list(self._runners.values()):
            runner.join(GRACE + SAVE_TIMEOUT)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin_listed(self, login_id: str, job: Job) -> str:
        self._begin(login_id, job)
        key = _recent_key(job.owner)
        with self._records.lock(key, RECENT_WAIT) as is_held:
            # Otherwise it can be undone from its own page all the same.
            if is_held:
                record = self._records.load(key)
                job_ids = [job.id, *(record.value.decode().split() if record else [])]
                self._records.put(key, " ".join(job_ids[:MAX_RECENT]).encode(), JOB_TTL)
        return job.id

    def _begin(self, login_id: str, job: Job) -> str:
        change = partial(self._change, login_id, job)
        if len(job.call_ids) == 1:
            self._run_single(job, change)
        else:
            self._run_in_background(JobRunner(job, change, self._pool, self._save))
        return job.id

    def _run_single(self, job: Job, change: Change) -> None:
        (call_id,) = job.call_ids
        try:
            future = self._pool.submit(attempt, change, call_id)
            outcome = future.result(SINGLE_TIMEOUT)
        except TimeoutError:
            self._run_in_background(JobRunner(job, change, self._pool, self._save, {future: call_id}))
            return
        except (RuntimeError, CancelledError):
            # The pool is shut down: the process ends.
            outcome = Result(call_id, Outcome.STOPPED)
        if isinstance(outcome, AircallError):
            outcome = Result(call_id, Outcome.FAILED, FailureReason.of(outcome).to_text())
        self._save(job.with_results([outcome]).finished().saved_now())

    def _run_in_background(self, runner: JobRunner) -> None:
        job = runner.job
        with self._lock:
            self._runners = {job_id: other for job_id, other in self._runners.items() if other.is_alive}
            if len(job.call_ids) > 1 and self._count(job.owner) >= MAX_JOBS:
                raise TooManyJobsError(f"{MAX_JOBS} jobs are in progress.")
            # Saved before its id is known to anyone.
            self._save(job)
            self._runners[job.id] = runner
            if self._is_stopping:
                runner.stop(GRACE)
            runner.start()

    def _count(self, owner: str) -> int:
        return sum(
            runner.job.owner == owner and len(runner.job.call_ids) > 1 for runner in self._runners.values()
        )

    def _change(self, login_id: str, job: Job, call_id: str) -> Archived:
        if job.undoes:
            row_version = job.row_versions.get(call_id, 0)
            return self._changes.undo(login_id, call_id, job.is_archived, row_version)
        return self._changes.set_archived(login_id, call_id, job.is_archived)

    def _save(self, job: Job) -> None:
        self._store.save(job)
        # The message of another process may have been lost.
        if job.state is JobState.RUNNING and self._records.load(STOP_PREFIX + job.id) is not None:
            self._stop_here(job.id)

    def _stop_here(self, job_id: str) -> None:
        if runner := self._runners.get(job_id):
            runner.stop()


def _id_of(owner: str, idempotency_key: str) -> str:
    return hashlib.sha256(f"{owner} {idempotency_key}".encode(errors="replace")).hexdigest()


def _recent_key(owner: str) -> str:
    # Quoted, as names may hold anything.
    return RECENT_PREFIX + quote(owner, safe="")
