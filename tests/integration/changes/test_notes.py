"""A note is stored once per idempotency key; one of unknown outcome is reported and verified."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from msgspec.structs import replace

from aircall.changes.errors import UnconfirmedError
from aircall.changes.notes import NoteWriter
from aircall.errors import (
    AircallError,
    ForbiddenError,
    LoginEndedError,
    NoResponseError,
    NotFoundError,
    RateLimitedError,
    ServerError,
)
from aircall.models import Call, Note
from aircall.storage.records import RecordStore
from tests.integration.changes.conftest import UNKNOWN_OUTCOME, Services, inbox
from tests.integration.storage.stores import Stores
from tests.support.made_calls import made_call, made_notes
from tests.support.sandbox import Sandbox

TEXT, KEY = "Called back", "form 1"
DAY = 24 * 3600
RUNS, ATTEMPTS = 200 if os.environ.get("CI") == "true" else 25, 3
REFUSED = [ForbiddenError("no"), RateLimitedError("later"), ServerError("later", retry_after=1)]
LOST = [NoResponseError("lost"), ServerError("500")]
# What can go wrong with requests to a path; first, nothing.
FAULTS: list[Callable[[Sandbox, str, bool], None]] = [
    lambda *_: None,
    lambda api, *_: api.expire_access_tokens(),
    lambda api, path, _: api.answer_503(path=path, retry_after=1),
    lambda api, path, _: api.apply_and_never_answer(path=path, seconds=1.0),
    *UNKNOWN_OUTCOME.values(),
]


class NotesApi:
    """One call at the API. `is_applied`: whether notes are stored; `error`: what adding one fails with."""

    def __init__(self, *texts: str) -> None:
        self.call = made_call(notes=made_notes(*texts))
        self.error: Exception | None = None
        self.is_applied = True
        self.stored_text: str | None = None
        self.sent_count = 0
        # Of the reads that verify a note, and what the next of them fail with.
        self.deadlines: list[float] = []
        self.read_errors: list[AircallError] = []
        self.on_verify: Callable[[], None] = lambda: None

    def store(self, text: str = TEXT) -> None:
        note = Note(id=f"note {len(self.call.notes)}", content=text)
        self.call = replace(self.call, notes=(note, *self.call.notes))

    def get_call(self, call_id: str, *, deadline: float | None = None) -> Call:
        assert call_id == self.call.id
        if deadline is not None:
            self.deadlines.append(deadline)
            self.on_verify()
            if self.read_errors:
                raise self.read_errors.pop(0)
        return self.call

    def add_note(self, call_id: str, content: str) -> Call:
        assert call_id == self.call.id
        self.sent_count += 1
        if self.is_applied:
            self.store(self.stored_text or content)
        if self.error is not None:
            raise self.error
        return self.call


@pytest.fixture
def writer(store: RecordStore) -> NoteWriter:
    """A note writer that verifies quickly."""
    return NoteWriter(store, verify_interval=0.02, verify_timeout=0.1)


@pytest.fixture
def api() -> NotesApi:
    return NotesApi()


def add(writer: NoteWriter, api: NotesApi, text: str = TEXT, key: str = KEY) -> Call | None:
    return writer.add(api, api.call.id, text, key)


def fail(writer: NoteWriter, api: NotesApi, error: Exception, *, is_applied: bool) -> None:
    """Add a note that fails with this error, and let the API work again."""
    api.error, api.is_applied = error, is_applied
    with pytest.raises((type(error), UnconfirmedError)):
        add(writer, api)
    api.error, api.is_applied = None, True


def test_a_note_is_sent_once_under_its_key(writer: NoteWriter, api: NotesApi) -> None:
    assert add(writer, api) == api.call
    assert add(writer, api) is None
    assert (api.sent_count, api.deadlines) == (1, [])

    assert add(writer, api, key="form 2") is not None
    assert add(writer, api, text="half \ud83d") is not None
    assert api.sent_count == 3


def test_a_note_is_remembered_for_a_day(writer: NoteWriter, api: NotesApi, stores: Stores) -> None:
    add(writer, api)

    stores.age(DAY - 1)
    before = add(writer, api)
    stores.age(1)
    after = add(writer, api)

    assert before is None
    assert after is not None


def test_a_record_of_another_version_is_ignored(
    writer: NoteWriter, api: NotesApi, store: RecordStore
) -> None:
    add(writer, api)
    (name,) = store.keys("note:")
    store.put(name, b"[]", DAY)

    assert add(writer, api) is not None
    assert api.sent_count == 2


@pytest.mark.parametrize("error", REFUSED)
def test_a_refused_note_is_sent_again_even_if_the_same_text_was_written_meanwhile(
    writer: NoteWriter, api: NotesApi, store: RecordStore, error: AircallError
) -> None:
    fail(writer, api, error, is_applied=False)
    assert store.keys("note:") == []
    api.store()

    add(writer, api)

    assert (api.sent_count, len(api.call.notes), api.deadlines) == (2, 2, [])


# Verifying a note whose outcome is unknown


@pytest.mark.parametrize("error", LOST)
@pytest.mark.parametrize("stored", [TEXT, f"  {TEXT}\n", TEXT.replace(" ", "\r\n"), TEXT.replace(" ", "\n")])
def test_a_note_whose_response_was_lost_is_found_however_its_spaces_were_stored(
    writer: NoteWriter, api: NotesApi, error: AircallError, stored: str
) -> None:
    api.error, api.stored_text = error, stored

    assert add(writer, api) == api.call
    assert add(writer, api) is None
    assert (api.sent_count, len(api.deadlines)) == (1, 1)


@pytest.mark.parametrize("other", [TEXT.upper(), TEXT.replace(" ", ""), TEXT + "!"])
def test_neither_another_text_nor_an_older_note_is_taken_for_it(writer: NoteWriter, other: str) -> None:
    api = NotesApi(TEXT, "Older still")
    api.error, api.stored_text = LOST[0], other

    with pytest.raises(UnconfirmedError) as caught:
        add(writer, api)

    assert caught.value.last_seen == api.call
    assert api.sent_count == 1


@pytest.mark.parametrize(
    ("error", "is_late", "sent_count"),
    [(LOST[0], True, 1), (LOST[0], False, 2), (SystemError("the process is killed"), True, 1)],
)
def test_the_next_attempt_looks_for_an_unconfirmed_note_before_it_sends_it(
    store: RecordStore, writer: NoteWriter, api: NotesApi, error: Exception, is_late: bool, sent_count: int
) -> None:
    fail(writer, api, error, is_applied=False)
    if is_late:
        api.store()

    assert add(NoteWriter(store), api) == api.call
    assert add(NoteWriter(store), api) is None
    assert (api.sent_count, len(api.call.notes)) == (sent_count, 1)


@pytest.mark.parametrize("error", [NotFoundError("gone"), LoginEndedError("over")])
def test_verifying_ends_with_call_or_login(writer: NoteWriter, api: NotesApi, error: AircallError) -> None:
    api.error, api.read_errors = LOST[0], [error]

    with pytest.raises(type(error)):
        add(writer, api)

    assert len(api.deadlines) == 1


def test_a_verifying_read_may_take_the_time_that_is_left_and_never_less_than_a_pause(
    store: RecordStore, api: NotesApi
) -> None:
    api.error, api.is_applied = LOST[0], False

    with pytest.raises(UnconfirmedError):
        add(NoteWriter(store, verify_interval=0.1, verify_timeout=0.15), api)

    assert 1 <= len(api.deadlines) <= 2
    assert all(0.1 <= deadline <= 0.15 for deadline in api.deadlines)


def test_a_late_note_is_found_with_the_default_timings_though_the_api_fails(
    store: RecordStore, api: NotesApi
) -> None:
    api.error, api.is_applied, api.read_errors = LOST[0], False, [*LOST]
    api.on_verify = lambda: api.store() if len(api.deadlines) == 6 else None

    assert add(NoteWriter(store), api) == api.call


# On the sandbox


def add_on(services: Services, call_id: str, content: str, key: str) -> bool:
    try:
        services.changes.add_note(services.alice.id, call_id, content, key)
    except AircallError:
        return False
    return True


def count(sandbox: Sandbox, call_id: str, content: str) -> int:
    return [note["content"] for note in sandbox.call(call_id)["notes"]].count(content)


def test_no_note_is_stored_twice_in_many_faulty_runs(services: Services, sandbox: Sandbox) -> None:
    dice = Random(2026)  # noqa: S311  # the same faults each time
    call_ids = [call["id"] for call in sandbox.calls()]
    outcomes = set()

    for run in range(RUNS):
        call_id, content = dice.choice(call_ids), f"Note {run}\nof two lines"
        dice.choice(FAULTS)(sandbox, f"/calls/{call_id}/note", dice.random() < 0.5)
        # A double click, and then as many attempts as it takes.
        with ThreadPoolExecutor(2) as pool:
            clicks = list(pool.map(lambda _: add_on(services, call_id, content, f"key {run}"), range(2)))  # noqa: B023
        is_reported_stored = any(clicks)
        for _ in range(ATTEMPTS):
            if not is_reported_stored:
                is_reported_stored = add_on(services, call_id, content, f"key {run}")
        sandbox.clear_faults()
        outcomes.add(tuple(clicks))

        assert is_reported_stored
        assert count(sandbox, call_id, content) == 1

    assert len(outcomes) > 1, "no fault ever had an effect"


def test_without_a_key_each_request_stores_a_note(services: Services, sandbox: Sandbox) -> None:
    call_id = sandbox.calls()[0]["id"]

    for _ in range(2):
        assert add_on(services, call_id, "No answer", "")

    assert count(sandbox, call_id, "No answer") == 2


@pytest.mark.parametrize("is_applied", [True, False])
def test_the_replica_has_what_verifying_saw(services: Services, sandbox: Sandbox, is_applied: bool) -> None:
    call_id = inbox(sandbox)[0]
    services.changes.read_call(services.alice.id, call_id)
    sandbox.add_note(call_id, "A colleague's")
    sandbox.reset_after_send(times=1, applied=is_applied, path=f"/calls/{call_id}/note")

    assert add_on(services, call_id, "Ours", "key") is is_applied

    notes = [note.content for note in services.known(call_id).notes]
    assert notes[: 1 + is_applied] == ["Ours"] * is_applied + ["A colleague's"]
