"""Archiving and moving back, one call or many: with progress, a result for each call, a stop and a way back.

Each job is a record of the store, so that any page that asks for it finds it. Knows changes and store;
knows nothing of pages: `explain` gives what is kept of an error, for a page to say in its reader's words.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from aircall.changes.errors import BusyError
from aircall.changes.job_runner import GRACE, Job, JobRunner, Outcome
from aircall.changes.service import Archived, ChangeService
from aircall.concurrency import MessageBus
from aircall.storage.records import RecordStore

PREFIX = "job:"
# Under which the id of the job that undoes another one is kept, by that one's id.
UNDO_PREFIX = "undo:"
UNDO_WAIT = 5.0
# The signal that ends a job by its id, and under which it is kept that it was sent.
STOP, STOP_PREFIX = "stop-job", "stop:"
# A day: as long as somebody may want to take a change back.
MEMORY = 24 * 3600.0
# Of all jobs of a process: half of what the API client has under way at once, so that pages get their turn.
PARALLEL_CHANGES = 8
# How many jobs of more than one call a person may have under way in a process.
MOST_JOBS = 3
# How long the last state may take to be written down, in seconds.
WRITING_TIME = 1.0


class TooManyJobsError(Exception):
    """This person has as many jobs under way as one may have. Nothing was begun."""


class JobService:
    """The jobs of everybody. A job is found by its id and its owner's user name together."""

    def __init__(
        self,
        changes: ChangeService,
        records: RecordStore,
        explain: Callable[[Exception], str],
        bus: MessageBus,
    ) -> None:
        self._changes = changes
        self._records = records
        self._explain = explain
        self._bus = bus
        bus.on(STOP, self._stop_here)
        self._pool = ThreadPoolExecutor(PARALLEL_CHANGES, thread_name_prefix="archive-change")
        self._lock = threading.Lock()
        self._runs: dict[str, JobRunner] = {}
        self._is_stopping = False

    def start(
        self, login_id: str, owner: str, call_ids: Sequence[str], is_archived: bool, return_url: str = ""
    ) -> str:
        """Begin to bring these calls into the wanted state, each once; the new job's id.

        Raises TooManyJobsError.
        """
        return self._begin(login_id, Job.begun(owner, call_ids, is_archived, return_url))

    def undo(self, login_id: str, job: Job, return_url: str = "") -> str:
        """Begin to undo exactly what this job has changed; the id of the job that does, always the same.

        Raises TooManyJobsError.
        """
        with self._records.lock(UNDO_PREFIX + job.id, UNDO_WAIT) as is_held:
            if not is_held:
                raise BusyError("Somebody is just about to undo this.")
            if known := self.undo_of(job):
                return known
            numbers = {result.call_id: result.number for result in job.of(Outcome.DONE)}
            undo = Job.begun(job.owner, numbers, not job.is_archived, return_url).as_undo_of(job.id, numbers)
            self._begin(login_id, undo)
            self._records.put(UNDO_PREFIX + job.id, undo.id.encode(), MEMORY)
        return undo.id

    def retry(self, login_id: str, job: Job) -> str:
        """Begin to try those calls again that are not known to be as wanted; the new job's id.

        What an undo has left is still left alone where it has changed since. Raises TooManyJobsError.
        """
        again = Job.begun(job.owner, job.open_ids, job.is_archived, job.return_url)
        return self._begin(login_id, again.as_undo_of(job.undoes, job.numbers))

    def find(self, job_id: str, owner: str) -> Job | None:
        """The job, as far as it is, if this user began it."""
        record = self._records.load(PREFIX + job_id)
        job = Job.from_bytes(record.value) if record else None
        return job if job and job.owner == owner else None

    def undo_of(self, job: Job) -> str:
        """The id of the job that undoes this one, empty where none does."""
        record = self._records.load(UNDO_PREFIX + job.id)
        return record.value.decode() if record else ""

    def wait(self, job_id: str, seconds: float) -> None:
        """Return when the job is finished, or after so many seconds."""
        if run := self._runs.get(job_id):
            run.join(seconds)

    def stop(self, job: Job) -> None:
        """Begin no further change of this job; those that are under way still end."""
        self._records.put(STOP_PREFIX + job.id, b"", MEMORY)
        self._bus.send(STOP, job.id)

    def is_stopping(self, job: Job) -> bool:
        """Whether the job was told to stop and has not ended yet."""
        return job.is_running and self._records.load(STOP_PREFIX + job.id) is not None

    def _stop_here(self, job_id: str) -> None:
        # Whichever process works on it.
        if run := self._runs.get(job_id):
            run.stop()

    def stop_all(self) -> None:
        """Begin no further change of any job. Returns at once; `close` waits for what is under way."""
        with self._lock:
            self._is_stopping = True
            for run in self._runs.values():
                run.stop(GRACE)

    def close(self) -> None:
        """End every job; none has made a change then that is not in its record."""
        self.stop_all()
        for run in list(self._runs.values()):
            run.join(GRACE + WRITING_TIME)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, login_id: str, job: Job) -> str:
        change = partial(self._change, login_id, job)
        run = JobRunner(job, change, self._explain, self._pool, self._keep)
        with self._lock:
            self._runs = {job_id: run for job_id, run in self._runs.items() if run.is_alive}
            if len(job.call_ids) > 1 and self._count(job.owner) >= MOST_JOBS:
                raise TooManyJobsError(f"{MOST_JOBS} jobs are under way.")
            # Before anybody can learn its id.
            self._keep(job)
            self._runs[job.id] = run
            if self._is_stopping:
                run.stop(GRACE)
            run.start()
        return job.id

    def _count(self, owner: str) -> int:
        return sum(run.job.owner == owner and len(run.job.call_ids) > 1 for run in self._runs.values())

    def _change(self, login_id: str, job: Job, call_id: str) -> Archived:
        if job.undoes:
            return self._changes.undo(login_id, call_id, job.is_archived, job.numbers.get(call_id, 0))
        return self._changes.set_archived(login_id, call_id, job.is_archived)

    def _keep(self, job: Job) -> None:
        self._records.put(PREFIX + job.id, job.to_bytes(), MEMORY)
        # Whoever stopped it at another process may not have been heard.
        if self._records.load(STOP_PREFIX + job.id) is not None:
            self._stop_here(job.id)
