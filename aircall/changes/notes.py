"""A note that is stored once, over an API that would store it as often as it is sent. Knows a store.

Who writes a note gets a key with the form. Under it is remembered what became of the note, so that a second
click, a reload or another try finds the first outcome instead of storing the note again. Where no answer
tells whether the note was stored, the call's notes are looked through for one with this text that was not
there before; only when it does not show for some seconds, and its author asks again, is it sent again.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from time import monotonic

import msgspec

from aircall.changes.errors import BusyError, UnconfirmedError
from aircall.errors import AircallError, LoginEndedError, NotFoundError
from aircall.models import Call
from aircall.storage.records import RecordStore

log = logging.getLogger(__name__)

# How long what became of a note is remembered, in seconds: longer than a page is kept open to be sent again.
MEMORY = 24 * 3600.0
# Longer than sending and looking can take, so that the second click sees the first one's outcome (seconds).
SEND_WAIT = 45.0
# How often and how long to look for a note of unknown fate, in seconds.
VERIFY_INTERVAL = 0.3
VERIFY_TIMEOUT = 6.0


# Reads the call, within so many seconds if a deadline is given.
Fetch = Callable[[float | None], Call]


class Sent(msgspec.Struct, frozen=True):
    """What is remembered of a note that was sent: the notes before it, and whether it is stored for sure."""

    known_ids: list[str]
    is_stored: bool


class NoteWriter:
    """Stores notes, each once."""

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

    def add(self, content: str, key: str, fetch: Fetch, send: Callable[[], Call]) -> Call | None:
        """The call with the note on it; None where this note was stored by an earlier request.

        `fetch` reads the call and `send` adds the note. Raises what they raise; after an error that leaves
        the note's fate open, UnconfirmedError if the note does not show in time.
        """
        name = f"note:{hashlib.sha256(f'{key} {content}'.encode(errors='replace')).hexdigest()}"
        with self._records.lock(name, SEND_WAIT) as is_held:
            if not is_held:
                raise BusyError("The same note is still being sent.")
            earlier = self._earlier(name)
            if earlier is not None and earlier.is_stored:
                return None
            call = fetch(None)
            if earlier is not None and _holds(call, content, earlier.known_ids):
                self._remember(name, earlier.known_ids, is_stored=True)
                return call
            return self._send(name, content, call, fetch, send)

    def _send(self, name: str, content: str, before: Call, fetch: Fetch, send: Callable[[], Call]) -> Call:
        known_ids = [note.id for note in before.notes]
        # Written before it is sent: should this process end meanwhile, the next try looks first.
        self._remember(name, known_ids, is_stored=False)
        try:
            call = send()
        except AircallError as error:
            if not error.is_executed_possible:
                # Nothing was sent, and nothing may be taken for this note.
                self._records.delete(name)
                raise
            call = self._verify(content, known_ids, fetch)
        self._remember(name, known_ids, is_stored=True)
        return call

    def _verify(self, content: str, known_ids: list[str], fetch: Fetch) -> Call:
        ends, call = monotonic() + self._verify_timeout, None
        while (left := ends - monotonic()) > 0:
            try:
                call = fetch(max(left, self._verify_interval))
                if _holds(call, content, known_ids):
                    return call
            except (NotFoundError, LoginEndedError):
                raise
            except AircallError as error:
                log.info("Looking for a note", extra={"error": type(error).__name__})
            time.sleep(self._verify_interval)
        raise UnconfirmedError("Whether the note was stored could not be seen in time.", last_seen=call)

    def _earlier(self, name: str) -> Sent | None:
        record = self._records.load(name)
        try:
            return None if record is None else msgspec.json.decode(record.value, type=Sent)
        except msgspec.MsgspecError:
            # Another version kept it.
            return None

    def _remember(self, name: str, known_ids: list[str], *, is_stored: bool) -> None:
        self._records.put(name, msgspec.json.encode(Sent(known_ids, is_stored)), MEMORY)


def _holds(call: Call, content: str, known_ids: list[str]) -> bool:
    """Whether a note with this text has come to those that were there before."""
    return any(note.id not in known_ids and _is_same(note.content, content) for note in call.notes)


def _is_same(one: str, other: str) -> bool:
    # An API may trim what it stores, and browsers write a line break in two characters.
    return one.split() == other.split()
