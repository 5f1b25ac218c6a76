"""A job's record: which calls, brought into which state, and what became of each. Knows no I/O."""

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Self

import msgspec

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
    way_back: str
    undoes: str
    numbers: dict[str, int] = {}
    state: JobState
    written_at: float
    results: list[Result] = []

    @classmethod
    def begun(cls, owner: str, call_ids: Iterable[str], is_archived: bool, way_back: str) -> Self:
        """A new job that brings these calls into the wanted state, each once."""
        return cls(
            id=secrets.token_urlsafe(16),
            owner=owner,
            is_archived=is_archived,
            call_ids=list(dict.fromkeys(call_ids)),
            way_back=way_back,
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
    def unknown_ids(self) -> list[str]:
        """The calls without a result so far; of a job that was broken off, for good."""
        known = {result.call_id for result in self.results}
        return [call_id for call_id in self.call_ids if call_id not in known]

    @property
    def open_ids(self) -> list[str]:
        """The calls that another try may bring into the wanted state."""
        return [*(result.call_id for result in self.of(*OPEN_OUTCOMES)), *self.unknown_ids]

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

    def taking_back(self, undoes: str, numbers: Mapping[str, int]) -> Self:
        """The job, to take back what another one has done."""
        return msgspec.structs.replace(self, undoes=undoes, numbers=dict(numbers))
