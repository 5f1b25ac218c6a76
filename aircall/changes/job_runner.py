"""A job's record: which calls, brought into which state, and what became of each. Knows no I/O.

One job at work: a few changes at a time, until each call has a result that is written down.

Knows how changes fail; knows nothing of stores and pages. What is under way when the job is stopped is
waited for. An API that takes no changes for now is left alone until it does, or until patience ends; one that
does not say what became of its changes is sent no more of them.
"""

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from enum import StrEnum
from time import monotonic
from typing import Self

import msgspec

from aircall.api.resilience import Backpressure, is_backpressure
from aircall.changes.errors import ChangedSinceError, UnconfirmedError
from aircall.changes.service import Archived
from aircall.errors import AircallError, LoginEndedError

# Who works on a job writes it down more often than that, in seconds, be there news or not: one that is older
# was broken off with its process.
LONGEST_SILENCE = 15.0


class JobState(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    FINISHED = "finished"


class Outcome(StrEnum):
    """What became of one call: UNCONFIRMED is one that may have been changed, or may yet be."""

    DONE = "done"
    ALREADY_SO = "already so"
    LEFT_ALONE = "left alone"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    STOPPED = "stopped"
    SIGNED_OUT = "signed out"


# What may come out differently the next time.
OPEN_OUTCOMES = (Outcome.FAILED, Outcome.UNCONFIRMED, Outcome.STOPPED, Outcome.SIGNED_OUT)


class Result(msgspec.Struct, frozen=True):
    """One call's outcome, and the number of its row after it was done.

    The `reason` it failed for is what was made of the error for people to be told, each in their language.
    """

    call_id: str
    outcome: Outcome
    reason: str = ""
    number: int = 0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A change of many calls. `undoes` is the id of the job that this one takes back, empty where it is none.

    Of a job that does, `numbers` are those that the calls' rows had after the change: whatever has another
    one by now has changed since. `way_back` is the path of the page that the job was begun from; `written_at`
    is in seconds since 1970.
    """

    id: str
    owner: str
    is_archived: bool
    call_ids: list[str]
    return_url: str
    undoes: str
    numbers: dict[str, int] = {}
    state: JobState
    written_at: float
    results: list[Result] = []

    @classmethod
    def begun(cls, owner: str, call_ids: Iterable[str], is_archived: bool, return_url: str) -> Self:
        """A new job that brings these calls into the wanted state, each once."""
        return cls(
            id=secrets.token_urlsafe(16),
            owner=owner,
            is_archived=is_archived,
            call_ids=list(dict.fromkeys(call_ids)),
            return_url=return_url,
            undoes="",
            state=JobState.RUNNING,
            written_at=time.time(),
        )

    @classmethod
    def from_bytes(cls, value: bytes) -> Self | None:
        """The job as a store keeps it; None where another version kept it."""
        try:
            return msgspec.json.decode(value, type=cls)
        except msgspec.MsgspecError:
            return None

    def to_bytes(self) -> bytes:
        """The job in the form that `from_bytes` reads."""
        return msgspec.json.encode(self)

    @property
    def is_running(self) -> bool:
        """Whether somebody works on it."""
        return self.state is JobState.RUNNING and time.time() < self.written_at + LONGEST_SILENCE

    @property
    def unprocessed_ids(self) -> list[str]:
        """The calls without a result so far; of a job that was broken off, for good."""
        known = {result.call_id for result in self.results}
        return [call_id for call_id in self.call_ids if call_id not in known]

    @property
    def open_ids(self) -> list[str]:
        """The calls that another try may bring into the wanted state."""
        return [*(result.call_id for result in self.of(*OPEN_OUTCOMES)), *self.unprocessed_ids]

    def of(self, *outcomes: Outcome) -> list[Result]:
        """The results with one of these outcomes."""
        return [result for result in self.results if result.outcome in outcomes]

    def with_results(self, results: Sequence[Result]) -> Self:
        """The job with these results as well."""
        return msgspec.structs.replace(self, results=[*self.results, *results])

    def written(self) -> Self:
        """The job, written down now."""
        return msgspec.structs.replace(self, written_at=time.time())

    def finished(self) -> Self:
        """The job at its end."""
        return msgspec.structs.replace(self, state=JobState.FINISHED)

    def as_undo_of(self, undoes: str, numbers: Mapping[str, int]) -> Self:
        """The job, to take back what another one has done."""
        return msgspec.structs.replace(self, undoes=undoes, numbers=dict(numbers))


log = logging.getLogger(__name__)

PARALLEL_CHANGES = 5
# How soon a job writes down what is new, and how often that there is nothing new, in seconds.
WRITE_PAUSE = 0.5
SIGN_OF_LIFE = 4.0
# How long changes that are under way may take when everything stops, in seconds.
GRACE = 5.0
# How often the last state of a job is tried to be written down.
LAST_TRIES = 6
# How long a job waits in all, in seconds, while it is told to come back later.
PATIENCE = 30.0
# So many changes in a row of which nobody knows whether they were made, and no more are begun.
MOST_UNSEEN = 10
OUTCOMES = {
    ChangedSinceError: Outcome.LEFT_ALONE,
    LoginEndedError: Outcome.SIGNED_OUT,
    UnconfirmedError: Outcome.UNCONFIRMED,
}


class JobRunner:
    """Makes the changes of one job with the threads of `pool`, and hands `keep` the job as far as it is."""

    def __init__(
        self,
        job: Job,
        change: Callable[[str], Archived],
        explain: Callable[[Exception], str],
        pool: Executor,
        keep: Callable[[Job], None],
    ) -> None:
        self.job = job
        self._change = change
        self._explain = explain
        self._pool = pool
        self._keep = keep
        self._todo = deque(job.call_ids)
        self._in_flight: dict[Future[Result | AircallError], str] = {}
        self._stopping = threading.Event()
        self._ends_at = float("inf")
        # Who wants a single call changed looks on, and would rather know at once.
        self._patience = Backpressure(PATIENCE if len(job.call_ids) > 1 else 0.0)
        self._unseen_count = 0
        self._written_at, self._has_news = monotonic(), False
        self._thread = threading.Thread(target=self._run, name="archive-job", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()

    @property
    def is_stopping(self) -> bool:
        """Whether it has been told to stop."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, grace: float = float("inf")) -> None:
        """Begin no further change; those that are under way are waited for, at most `grace` seconds."""
        self._ends_at = min(self._ends_at, monotonic() + grace)
        self._stopping.set()

    def join(self, seconds: float) -> None:
        """Return when all is done and written down, or after so many seconds."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            while (self._todo or self._in_flight) and monotonic() < self._ends_at:
                self._turn()
        except Exception as error:
            log.error("a job was broken off", extra={"error": type(error).__name__})
        self._finish()

    def _turn(self) -> None:
        if self._stopping.is_set():
            self._drop(Outcome.STOPPED)
        self._begin_more()
        if self._in_flight:
            ended, _ = wait(self._in_flight, timeout=WRITE_PAUSE, return_when=FIRST_COMPLETED)
            for future in ended:
                self._take(self._in_flight.pop(future), future.result())
        else:
            self._stopping.wait(min(WRITE_PAUSE, self._patience.pause_left))
        self._write_if_due()

    def _begin_more(self) -> None:
        most = 1 if self._patience.is_probing else PARALLEL_CHANGES
        while self._todo and len(self._in_flight) < most and not self._patience.pause_left:
            try:
                future = self._pool.submit(self._attempt, self._todo[0])
            except RuntimeError:
                # The process ends, and lends no threads any more.
                self.stop(GRACE)
                return
            self._in_flight[future] = self._todo.popleft()

    def _attempt(self, call_id: str) -> Result | AircallError:
        """The call's result, or the error by which the API says that it takes no change for now."""
        if self._stopping.is_set():
            return Result(call_id, Outcome.STOPPED)
        try:
            done = self._change(call_id)
        except AircallError as error:
            return error if is_backpressure(error) else self._failure(call_id, error, Outcome.FAILED)
        except Exception as error:
            # Of the storage, perhaps, and after the change. The error itself may hold what was to be kept.
            log.error("a change of a call broke off", extra={"error": type(error).__name__})
            return self._failure(call_id, error, Outcome.UNCONFIRMED)
        return Result(call_id, Outcome.DONE if done.is_changed else Outcome.ALREADY_SO, number=done.number)

    def _failure(self, call_id: str, error: Exception, usual: Outcome) -> Result:
        return Result(call_id, OUTCOMES.get(type(error), usual), reason=self._explain(error))

    def _take(self, call_id: str, answer: Result | AircallError) -> None:
        if isinstance(answer, AircallError):
            self._todo.appendleft(call_id)
            if not self._patience.refused(answer):
                self._drop(Outcome.FAILED, self._explain(answer))
            return
        self._patience.taken()
        self._add([answer])
        self._unseen_count = self._unseen_count + 1 if answer.outcome is Outcome.UNCONFIRMED else 0
        if answer.outcome is Outcome.SIGNED_OUT:
            self._drop(Outcome.SIGNED_OUT, answer.reason)
        elif self._unseen_count >= MOST_UNSEEN:
            self._drop(Outcome.STOPPED)

    def _drop(self, outcome: Outcome, reason: str = "") -> None:
        self._add([Result(call_id, outcome, reason) for call_id in self._todo])
        self._todo.clear()

    def _add(self, results: list[Result]) -> None:
        self.job = self.job.with_results(results)
        self._has_news |= bool(results)

    def _write_if_due(self) -> None:
        if monotonic() >= self._written_at + (WRITE_PAUSE if self._has_news else SIGN_OF_LIFE):
            self._write()

    def _write(self) -> bool:
        """Write down how far the job is; where that fails, it is written the next time."""
        self._written_at = monotonic()
        try:
            self._keep(self.job.written())
        except Exception as error:
            log.error("a job could not be written down", extra={"error": type(error).__name__})
            return False
        self._has_news = False
        return True

    def _finish(self) -> None:
        self._stopping.set()
        self._todo.extend(call_id for future, call_id in self._in_flight.items() if future.cancel())
        self._drop(Outcome.STOPPED)
        self._give_up_waiting()
        self.job = self.job.finished()
        for _ in range(LAST_TRIES):
            if self._write():
                return
            time.sleep(WRITE_PAUSE)

    def _give_up_waiting(self) -> None:
        unseen = UnconfirmedError("The change was not waited for.", last_seen=None)
        left = [call_id for future, call_id in self._in_flight.items() if not future.cancelled()]
        self._add([self._failure(call_id, unseen, Outcome.UNCONFIRMED) for call_id in left])
