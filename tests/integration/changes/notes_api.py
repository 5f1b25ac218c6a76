"""One call at an API and what is sent to it, as functions that `Noting` is handed. Knows no socket."""

from collections.abc import Callable

from msgspec.structs import replace

from aircall.errors import AircallError
from aircall.models import Call, Note
from tests.support.made_calls import made_call, made_notes

TEXT, KEY = "Called back", "form 1"


class NotesApi:
    """One call at the API, with the notes that are on it; `deadlines` are those of each reading."""

    def __init__(self, *texts: str) -> None:
        self.call = made_call(notes=made_notes(*texts))
        self.deadlines: list[float | None] = []
        self.sent = 0
        # What the next looks meet instead of an answer.
        self.read_errors: list[AircallError] = []
        self.on_look: Callable[[], None] = lambda: None

    @property
    def looks(self) -> int:
        """How often the call was read with a deadline: to look for a note."""
        return len(self.deadlines) - self.deadlines.count(None)

    def write(self, text: str = TEXT) -> None:
        """A note has come to the call."""
        note = Note(id=f"note {len(self.call.notes)}", content=text)
        self.call = replace(self.call, notes=(note, *self.call.notes))

    def fetch(self, deadline: float | None) -> Call:
        """Read the call."""
        self.deadlines.append(deadline)
        if deadline is not None:
            self.on_look()
            if self.read_errors:
                raise self.read_errors.pop(0)
        return self.call

    def sender(
        self, error: Exception | None = None, *, is_applied: bool = True, text: str = TEXT
    ) -> "NoteSender":
        """The API as it answers to a note: with this error, if any, having stored it if it is applied."""
        return NoteSender(self, error, is_applied, text)


class NoteSender:
    """What a NoteWriter is given."""

    def __init__(self, api: NotesApi, error: Exception | None, is_applied: bool, text: str) -> None:
        self._api, self._error, self._is_applied, self._text = api, error, is_applied, text

    def get_call(self, call_id: str, *, deadline: float | None = None) -> Call:
        assert call_id == self._api.call.id
        return self._api.fetch(deadline)

    def add_note(self, call_id: str, content: str) -> Call:
        assert call_id == self._api.call.id
        assert content
        self._api.sent += 1
        if self._is_applied:
            self._api.write(self._text)
        if self._error is not None:
            raise self._error
        return self._api.call
