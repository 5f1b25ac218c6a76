"""Bulk jobs: the record of one, and the runner that works on it.

A few changes are in flight at once. What is in flight when the job is stopped is waited for. While the API
applies backpressure, a single probe is sent until it accepts changes again, or the time for that is used up.
"""

import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from datetime import UTC, datetime
from enum import StrEnum
from threading import Event, Thread
from time import monotonic
from typing import Self

import msgspec

from aircall.api.resilience import Backpressure, is_backpressure
from aircall.changes.errors import ChangedSinceError, FailureReason, UnconfirmedError
from aircall.changes.service import Archived
from aircall.concurrency import run_in_background
from aircall.errors import AircallError, LoginEndedError

log = logging.getLogger(__name__)

# Seconds. A running job is saved more often than this: an older record means that its process was killed.
MAX_SILENCE = 15.0
CHANGES_PER_JOB = 5
# Seconds until new results are saved, and between two saves without any.
SAVE_INTERVAL = 0.5
KEEPALIVE_INTERVAL = 4.0
# Seconds that changes in flight may take when the process stops.
GRACE = 5.0
# Attempts to save the final state.
FINAL_SAVES = 6
# Seconds that a job waits in all while the API applies backpressure.
BACKPRESSURE_TIMEOUT = 30.0
# Consecutive changes of unknown outcome, after which no more are begun.
MAX_UNCONFIRMED = 10


class JobState(StrEnum):
    """Progress of a job. A planned one waits for the answer to a question."""

    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"


class Outcome(StrEnum):
    """Outcome for one call. UNCONFIRMED: it may have been changed, or may still be."""

    DONE = "done"
    ALREADY_SO = "already so"
    LEFT_ALONE = "left alone"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    STOPPED = "stopped"
    SIGNED_OUT = "signed out"


# Outcomes that may be different after a retry.
OPEN_OUTCOMES = (Outcome.FAILED, Outcome.UNCONFIRMED, Outcome.STOPPED, Outcome.SIGNED_OUT)
OUTCOME_OF = {
    ChangedSinceError: Outcome.LEFT_ALONE,
    LoginEndedError: Outcome.SIGNED_OUT,
    UnconfirmedError: Outcome.UNCONFIRMED,
}


class Result(msgspec.Struct, frozen=True):
    """Outcome for one call, its row version after it was changed, and a FailureReason as text."""

    call_id: str
    outcome: Outcome
    reason: str = ""
    row_version: int = 0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Record of a change of calls. `undoes` is the id of the job that this one undoes, or empty.

    For an undo, `row_versions` are those of the calls after the change: a call with another one has changed
    since. `return_url` is the path of the page that the job was started from. `saved_at` is in seconds since
    1970; `begun_at` too, 0 in the record of an earlier version. `sizes` are the numbers of calls and results
    that are kept elsewhere: see JobStore.
    """

    id: str
    owner: str
    is_archived: bool
    call_ids: list[str]
    return_url: str
    undoes: str
    row_versions: dict[str, int] = {}
    state: JobState
    saved_at: float
    begun_at: float = 0.0
    results: list[Result] = []
    sizes: tuple[int, int] = (0, 0)

    @classmethod
    def new(
        cls, owner: str, call_ids: Iterable[str], is_archived: bool, return_url: str, job_id: str = ""
    ) -> Self:
        """Return a new job that brings these calls to the desired state, each once."""
        now = time.time()
        return cls(
            id=job_id or secrets.token_urlsafe(16),
            owner=owner,
            is_archived=is_archived,
            call_ids=list(dict.fromkeys(call_ids)),
            return_url=return_url,
            undoes="",
            state=JobState.RUNNING,
            saved_at=now,
            begun_at=now,
        )

    @classmethod
    def from_bytes(cls, value: bytes) -> Self | None:
        """Decode a record; None if another version wrote it."""
        try:
            return msgspec.json.decode(value, type=cls)
        except msgspec.MsgspecError:
            return None

    def to_bytes(self) -> bytes:
        """Encode the record."""
        return msgspec.json.encode(self)

    @property
    def is_running(self) -> bool:
        """Whether a process works on it."""
        return self.state is JobState.RUNNING and time.time() < self.saved_at + MAX_SILENCE

    @property
    def begun(self) -> datetime:
        """When it began; in the record of an earlier version, when it was saved."""
        return datetime.fromtimestamp(self.begun_at or self.saved_at, UTC)

    @property
    def unprocessed_ids(self) -> list[str]:
        """The calls without a result."""
        processed = {result.call_id for result in self.results}
        return [call_id for call_id in self.call_ids if call_id not in processed]

    @property
    def open_ids(self) -> list[str]:
        """The calls that a retry may bring to the desired state."""
        return [*(result.call_id for result in self.of(*OPEN_OUTCOMES)), *self.unprocessed_ids]

    def of(self, *outcomes: Outcome) -> list[Result]:
        """Return the results with one of these outcomes."""
        return [result for result in self.results if result.outcome in outcomes]

    def with_results(self, results: Sequence[Result]) -> Self:
        """Return the job with these results added."""
        return msgspec.structs.replace(self, results=[*self.results, *results])

    def saved_now(self) -> Self:
        """Return the job with the current time as `saved_at`."""
        return msgspec.structs.replace(self, saved_at=time.time())

    def started(self) -> Self:
        """Return the job as running from now on."""
        now = time.time()
        return msgspec.structs.replace(self, state=JobState.RUNNING, saved_at=now, begun_at=now)

    def finished(self) -> Self:
        """Return the job as finished."""
        return msgspec.structs.replace(self, state=JobState.FINISHED)

    def as_undo_of(self, undoes: str, row_versions: Mapping[str, int]) -> Self:
        """Return the job as the undo of another one."""
        return msgspec.structs.replace(self, undoes=undoes, row_versions=dict(row_versions))


Change = Callable[[str], Archived]


def attempt(change: Change, call_id: str) -> Result | AircallError:
    """Change one call; return the result, or the error if the API applies backpressure."""
    try:
        done = change(call_id)
    except AircallError as error:
        return error if is_backpressure(error) else failed_result(call_id, error, Outcome.FAILED)
    except Exception as error:
        # A storage error, perhaps after the change. The error itself may hold the record.
        log.error("a change of a call failed", extra={"error": type(error).__name__})
        return failed_result(call_id, error, Outcome.UNCONFIRMED)
    outcome = Outcome.DONE if done.is_changed else Outcome.ALREADY_SO
    return Result(call_id, outcome, row_version=done.row_version)


def failed_result(call_id: str, error: Exception, default: Outcome) -> Result:
    """Return the result for a call whose change failed."""
    return Result(call_id, OUTCOME_OF.get(type(error), default), reason=FailureReason.of(error).to_text())


class JobRunner:
    """Works on one job with the threads of `pool`, and passes the job to `save` as it progresses.

    `in_flight` are changes that were begun before.
    """

    def __init__(
        self,
        job: Job,
        change: Change,
        pool: Executor,
        save: Callable[[Job], None],
        in_flight: Mapping[Future[Result | AircallError], str] | None = None,
    ) -> None:
        self.job = job
        self._change = change
        self._pool = pool
        self._save = save
        self._in_flight = dict(in_flight or {})
        self._todo = deque(call_id for call_id in job.call_ids if call_id not in self._in_flight.values())
        self._stopping = Event()
        self._ends_at = float("inf")
        # A person who changes a single call waits for it, and would rather know at once.
        self._backpressure = Backpressure(BACKPRESSURE_TIMEOUT if len(job.call_ids) > 1 else 0.0)
        self._unconfirmed_count = 0
        self._saved_at, self._has_unsaved = monotonic(), False
        self._thread: Thread | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it is still working."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start working."""
        self._thread = run_in_background("job-runner", self._run)

    def stop(self, grace: float = float("inf")) -> None:
        """Begin no more changes, and wait for those in flight for at most `grace` seconds. Does not block."""
        self._ends_at = min(self._ends_at, monotonic() + grace)
        self._stopping.set()

    def join(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for the job to be finished and saved."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            while (self._todo or self._in_flight) and monotonic() < self._ends_at:
                self._step()
        except Exception as error:
            log.error("a job was aborted", extra={"error": type(error).__name__})
        self._finish()

    def _step(self) -> None:
        if self._stopping.is_set():
            self._drop(Outcome.STOPPED)
        self._begin_more()
        if self._in_flight:
            ended, _ = wait(self._in_flight, timeout=SAVE_INTERVAL, return_when=FIRST_COMPLETED)
            for future in ended:
                self._take(self._in_flight.pop(future), future.result())
        else:
            self._stopping.wait(min(SAVE_INTERVAL, self._backpressure.pause_left))
        if monotonic() >= self._saved_at + (SAVE_INTERVAL if self._has_unsaved else KEEPALIVE_INTERVAL):
            self._try_save()

    def _begin_more(self) -> None:
        limit = 1 if self._backpressure.is_probing else CHANGES_PER_JOB
        while self._todo and len(self._in_flight) < limit and not self._backpressure.pause_left:
            try:
                future = self._pool.submit(self._attempt, self._todo[0])
            except RuntimeError:
                # The pool is shut down: the process ends.
                self.stop(GRACE)
                return
            self._in_flight[future] = self._todo.popleft()

    def _attempt(self, call_id: str) -> Result | AircallError:
        if self._stopping.is_set():
            return Result(call_id, Outcome.STOPPED)
        return attempt(self._change, call_id)

    def _take(self, call_id: str, outcome: Result | AircallError) -> None:
        if isinstance(outcome, AircallError):
            self._todo.appendleft(call_id)
            if not self._backpressure.refused(outcome):
                self._drop(Outcome.FAILED, FailureReason.of(outcome).to_text())
            return
        self._backpressure.taken()
        self._add([outcome])
        is_unconfirmed = outcome.outcome is Outcome.UNCONFIRMED
        self._unconfirmed_count = self._unconfirmed_count + 1 if is_unconfirmed else 0
        if outcome.outcome is Outcome.SIGNED_OUT:
            self._drop(Outcome.SIGNED_OUT, outcome.reason)
        elif self._unconfirmed_count >= MAX_UNCONFIRMED:
            self._drop(Outcome.STOPPED)

    def _drop(self, outcome: Outcome, reason: str = "") -> None:
        self._add([Result(call_id, outcome, reason) for call_id in self._todo])
        self._todo.clear()

    def _add(self, results: list[Result]) -> None:
        self.job = self.job.with_results(results)
        self._has_unsaved |= bool(results)

    def _try_save(self) -> bool:
        self._saved_at = monotonic()
        try:
            self._save(self.job.saved_now())
        except Exception as error:
            log.error("a job could not be saved", extra={"error": type(error).__name__})
            return False
        self._has_unsaved = False
        return True

    def _finish(self) -> None:
        self._stopping.set()
        self._todo.extend(call_id for future, call_id in self._in_flight.items() if future.cancel())
        self._drop(Outcome.STOPPED)
        abandoned = [call_id for future, call_id in self._in_flight.items() if not future.cancelled()]
        error = UnconfirmedError("The change was not waited for.", last_seen=None)
        self._add([failed_result(call_id, error, Outcome.UNCONFIRMED) for call_id in abandoned])
        self.job = self.job.finished()
        for _ in range(FINAL_SAVES):
            if self._try_save():
                return
            time.sleep(SAVE_INTERVAL)
