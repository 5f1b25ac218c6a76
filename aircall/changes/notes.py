"""A note is stored once, over an API that would store it as often as it is sent.

Each form carries an idempotency key, under which the outcome is kept: a second click, a reload or a retry
finds it instead of sending again. If the outcome is unknown, the call's notes are searched for one with this
text that was not there before. Only when it does not show, and the person sends it again, is it sent again.
"""

import hashlib
from typing import Protocol

import msgspec

from aircall.changes.errors import BusyError
from aircall.changes.verification import VERIFY_INTERVAL, VERIFY_TIMEOUT, verify
from aircall.errors import AircallError
from aircall.models import Call
from aircall.storage.records import RecordStore

# Seconds that an outcome is kept: longer than a page stays open to be sent again.
OUTCOME_TTL = 24 * 3600.0
# Seconds. Must exceed sending and verifying, so that a second click sees the first one's outcome.
NOTE_LOCK_WAIT = 45.0
# Seconds. Must exceed NOTE_LOCK_WAIT: a process that was killed blocks its note for this long.
NOTE_LOCK_LEASE = 60.0


class NoteApi(Protocol):
    """The part of an AuthorizedClient that notes need."""

    def get_call(self, call_id: str, *, deadline: float | None = None) -> Call:
        """Return a call."""

    def add_note(self, call_id: str, content: str) -> Call:
        """Add a note; return the call with it."""


class NoteRecord(msgspec.Struct, frozen=True):
    """What is known of a note that was sent: the ids of the notes before it, and whether it is stored."""

    known_ids: list[str]
    is_stored: bool


class NoteWriter:
    """Writer of notes that stores each once."""

    def __init__(
        self,
        records: RecordStore,
        *,
        verify_interval: float = VERIFY_INTERVAL,
        verify_timeout: float = VERIFY_TIMEOUT,
    ) -> None:
        self._records = records
        self._verify_interval = verify_interval
        self._verify_timeout = verify_timeout

    def add(self, api: NoteApi, call_id: str, content: str, idempotency_key: str) -> Call | None:
        """Return the call with the note; None if an earlier request has stored it.

        Raises what `api` raises, BusyError, and UnconfirmedError if the outcome is unknown and the note does
        not show in time.
        """
        digest = hashlib.sha256(f"{call_id} {idempotency_key} {content}".encode(errors="replace")).hexdigest()
        name = f"note:{digest}"
        with self._records.lock(name, NOTE_LOCK_WAIT, NOTE_LOCK_LEASE) as is_held:
            if not is_held:
                raise BusyError("The same note is still being sent.")
            previous = self._load(name)
            if previous is not None and previous.is_stored:
                return None
            call = api.get_call(call_id)
            if previous is not None and _has_note(call, content, previous.known_ids):
                self._save(name, previous.known_ids, is_stored=True)
                return call
            return self._send(api, name, content, call)

    def _send(self, api: NoteApi, name: str, content: str, before: Call) -> Call:
        known_ids = [note.id for note in before.notes]
        # Saved first: if this process is killed now, the next attempt verifies before it sends.
        self._save(name, known_ids, is_stored=False)
        try:
            call = api.add_note(before.id, content)
        except AircallError as error:
            if not error.is_executed_possible:
                # Nothing was sent: no note of another client may be taken for this one.
                self._records.delete(name)
                raise
            call = self._verify(api, before.id, content, known_ids)
        self._save(name, known_ids, is_stored=True)
        return call

    def _verify(self, api: NoteApi, call_id: str, content: str, known_ids: list[str]) -> Call:
        return verify(
            lambda left: api.get_call(call_id, deadline=max(left, self._verify_interval)),
            lambda seen: _has_note(seen, content, known_ids),
            self._verify_interval,
            self._verify_timeout,
        )

    def _load(self, name: str) -> NoteRecord | None:
        record = self._records.load(name)
        try:
            return None if record is None else msgspec.json.decode(record.value, type=NoteRecord)
        except msgspec.MsgspecError:
            # Written by another version.
            return None

    def _save(self, name: str, known_ids: list[str], *, is_stored: bool) -> None:
        self._records.put(name, msgspec.json.encode(NoteRecord(known_ids, is_stored)), OUTCOME_TTL)


def _has_note(call: Call, content: str, known_ids: list[str]) -> bool:
    return any(note.id not in known_ids and _is_same(note.content, content) for note in call.notes)


def _is_same(one: str, other: str) -> bool:
    # An API may trim what it stores, and browsers write a line break as two characters.
    return one.split() == other.split()
