"""Archiving and moving back, one call or many: with progress, a result for each call, a stop and a way back.

Each job is a record of the store, so that any page that asks for it finds it. Knows changes and store;
knows nothing of pages: `explain` gives the sentence for people that an error stands for.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial

from aircall.archive_job import Job, JobState, Outcome, Result
from aircall.changes import Archived, Changes
from aircall.errors import AircallError, ChangedSinceError
from aircall.store import Store

log = logging.getLogger(__name__)

PREFIX = "job:"
STOP_PREFIX = "job-stop:"
# A day: as long as somebody may want to take a change back.
MEMORY = 24 * 3600.0
PARALLEL_CHANGES = 5
# How often a job under way writes down how far it is, in seconds.
WRITE_PAUSE = 0.5

Change = Callable[[], Archived]


class ArchiveJobs:
    """The jobs of everybody. A job is found by its id and its owner's user name together."""

    def __init__(self, changes: Changes, store: Store, explain: Callable[[AircallError], str]) -> None:
        self._changes = changes
        self._store = store
        self._explain = explain
        self._under_way: dict[str, threading.Thread] = {}

    def start(
        self, login_id: str, owner: str, call_ids: Sequence[str], is_archived: bool, way_back: str = ""
    ) -> str:
        """Begin to bring these calls into the wanted state, each once; the new job's id."""
        ids = list(dict.fromkeys(call_ids))
        change = partial(self._changes.set_archived, login_id, is_archived=is_archived)
        todo = {call_id: partial(change, call_id) for call_id in ids}
        return self._begin(_new(owner, ids, is_archived, way_back), todo)

    def take_back(self, login_id: str, job: Job, way_back: str = "") -> str:
        """Begin to undo exactly what this job has changed; the id of the job that does, always the same."""
        if job.undone_by:
            return job.undone_by
        before = not job.is_archived
        numbers = {result.call_id: result.number for result in job.of(Outcome.DONE)}
        undo = _new(job.owner, list(numbers), before, way_back, undoes=job.id)
        # Before anybody can learn its id.
        self._keep(undo)
        if not self._mark_undone(job, undo.id):
            current = self.find(job.id, job.owner)
            return current.undone_by if current else ""
        todo = {
            call_id: partial(self._changes.take_back, login_id, call_id, before, number)
            for call_id, number in numbers.items()
        }
        return self._begin(undo, todo)

    def find(self, job_id: str, owner: str) -> Job | None:
        """The job, as far as it is, if this user began it."""
        record = self._store.load(PREFIX + job_id)
        job = Job.from_bytes(record.value) if record else None
        return job if job and job.owner == owner else None

    def wait(self, job_id: str, seconds: float) -> None:
        """Return when the job is finished, or after so many seconds."""
        if thread := self._under_way.get(job_id):
            thread.join(seconds)

    def stop(self, job: Job) -> None:
        """Begin no further change of this job; those that are under way still end."""
        self._store.put(STOP_PREFIX + job.id, b"", MEMORY)

    def _begin(self, job: Job, todo: Mapping[str, Change]) -> str:
        self._keep(job)
        thread = threading.Thread(target=self._run, args=(job, todo), name="archive-job", daemon=True)
        self._under_way[job.id] = thread
        thread.start()
        return job.id

    def _run(self, job: Job, todo: Mapping[str, Change]) -> None:
        try:
            for results in self._results(job, todo):
                job = job.with_results(results)
                self._keep(job)
            self._keep(job.finished())
        except Exception:
            # The record tells by its age that nobody works on it any more.
            log.exception("a job was broken off")
        finally:
            del self._under_way[job.id]

    def _results(self, job: Job, todo: Mapping[str, Change]) -> Iterator[list[Result]]:
        """What has become of the calls, in parts, each worth being written down."""
        with ThreadPoolExecutor(PARALLEL_CHANGES) as pool:
            under_way = [pool.submit(self._one, job, call_id, change) for call_id, change in todo.items()]
            written_at, results = time.monotonic(), list[Result]()
            for future in as_completed(under_way):
                results.append(future.result())
                if time.monotonic() >= written_at + WRITE_PAUSE:
                    yield results
                    written_at, results = time.monotonic(), []
            yield results

    def _one(self, job: Job, call_id: str, change: Change) -> Result:
        if self._store.load(STOP_PREFIX + job.id) is not None:
            return Result(call_id, Outcome.STOPPED)
        try:
            done = change()
        except ChangedSinceError:
            return Result(call_id, Outcome.LEFT_ALONE)
        except AircallError as error:
            return Result(call_id, Outcome.FAILED, reason=self._explain(error))
        return Result(call_id, Outcome.DONE if done.is_changed else Outcome.ALREADY_SO, number=done.number)

    def _keep(self, job: Job) -> None:
        self._store.put(PREFIX + job.id, job.to_bytes(), MEMORY)

    def _mark_undone(self, job: Job, undo_id: str) -> bool:
        record = self._store.load(PREFIX + job.id)
        current = Job.from_bytes(record.value) if record else None
        if record is None or current is None or current.undone_by:
            return False
        marked = current.undone(undo_id)
        return self._store.replace(PREFIX + job.id, record.generation, marked.to_bytes(), MEMORY)


def _new(owner: str, call_ids: list[str], is_archived: bool, way_back: str, undoes: str = "") -> Job:
    return Job(
        id=secrets.token_urlsafe(16),
        owner=owner,
        is_archived=is_archived,
        call_ids=call_ids,
        way_back=way_back,
        undoes=undoes,
        state=JobState.RUNNING,
        written_at=time.time(),
    )
