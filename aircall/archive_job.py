"""A job's record: which calls, brought into which state, and what became of each. Knows no I/O."""

import time
from enum import StrEnum
from typing import Self

import msgspec

# A job that has written nothing down for so long, in seconds, was broken off with its process.
LONGEST_SILENCE = 60.0


class JobState(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    FINISHED = "finished"


class Outcome(StrEnum):
    """What became of one call."""

    DONE = "done"
    ALREADY_SO = "already so"
    LEFT_ALONE = "left alone"
    FAILED = "failed"
    STOPPED = "stopped"


class Result(msgspec.Struct, frozen=True):
    """One call's outcome; the `reason` it failed for, and the number of its row after it was done."""

    call_id: str
    outcome: Outcome
    reason: str = ""
    number: int = 0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A change of many calls. `undoes` and `undone_by` are ids of other jobs, empty where there is none.

    `way_back` is the path of the page it was begun from; `written_at` is in seconds since 1970.
    """

    id: str
    owner: str
    is_archived: bool
    call_ids: list[str]
    way_back: str
    undoes: str
    state: JobState
    written_at: float
    results: list[Result] = []
    undone_by: str = ""

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
    def unknown_ids(self) -> list[str]:
        """The calls without a result so far; of a job that was broken off, for good."""
        known = {result.call_id for result in self.results}
        return [call_id for call_id in self.call_ids if call_id not in known]

    def of(self, *outcomes: Outcome) -> list[Result]:
        """The results with one of these outcomes."""
        return [result for result in self.results if result.outcome in outcomes]

    def with_results(self, results: list[Result]) -> Self:
        """The job with these results as well, written down now."""
        return msgspec.structs.replace(self, results=[*self.results, *results], written_at=time.time())

    def finished(self) -> Self:
        """The job at its end."""
        return msgspec.structs.replace(self, state=JobState.FINISHED, written_at=time.time())

    def undone(self, undo_id: str) -> Self:
        """The job, being undone by another one."""
        return msgspec.structs.replace(self, undone_by=undo_id)
