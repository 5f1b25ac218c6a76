"""A note and its key: what is sent, and what is remembered, in a real store."""

import pytest

from aircall.changes.notes import NoteWriter
from aircall.errors import AircallError, ForbiddenError, RateLimitedError, ServerError
from aircall.storage.records import RecordStore
from tests.integration.changes.notes_api import KEY, TEXT, NotesApi
from tests.integration.storage.stores import Stores

DAY = 24 * 3600
REFUSED = [ForbiddenError("no"), RateLimitedError("later"), ServerError("later", retry_after=1)]


def test_a_note_is_sent_once_under_its_key(noting: NoteWriter, api: NotesApi) -> None:
    first = noting.add(api.sender(), api.call.id, TEXT, KEY)
    second = noting.add(api.sender(), api.call.id, TEXT, KEY)

    assert first == api.call
    assert second is None
    assert api.sent == 1
    assert api.looks == 0


@pytest.mark.parametrize(("text", "key"), [(TEXT, "form 2"), ("Something else", KEY)])
def test_another_key_or_another_text_is_another_note(
    noting: NoteWriter, api: NotesApi, text: str, key: str
) -> None:
    noting.add(api.sender(), api.call.id, TEXT, KEY)

    assert noting.add(api.sender(text=text), api.call.id, text, key) is not None
    assert api.sent == 2


def test_a_note_is_remembered_for_a_day(noting: NoteWriter, api: NotesApi, stores: Stores) -> None:
    noting.add(api.sender(), api.call.id, TEXT, KEY)

    stores.age(DAY - 1)
    before = noting.add(api.sender(), api.call.id, TEXT, KEY)
    stores.age(1)
    after = noting.add(api.sender(), api.call.id, TEXT, KEY)

    assert before is None
    assert after is not None


def test_what_another_version_remembered_is_as_good_as_nothing(
    noting: NoteWriter, api: NotesApi, store: RecordStore
) -> None:
    noting.add(api.sender(), api.call.id, TEXT, KEY)
    (name,) = store.keys("note:")
    store.put(name, b"[]", DAY)

    assert noting.add(api.sender(), api.call.id, TEXT, KEY) is not None
    assert api.sent == 2


def test_half_a_character_in_a_note_is_no_trouble_here(noting: NoteWriter, api: NotesApi) -> None:
    assert noting.add(api.sender(), api.call.id, "half \ud83d", KEY) is not None


@pytest.mark.parametrize("error", REFUSED)
def test_a_note_that_was_refused_is_sent_again_whatever_others_have_written(
    noting: NoteWriter, api: NotesApi, store: RecordStore, error: AircallError
) -> None:
    with pytest.raises(type(error)):
        noting.add(api.sender(error, is_applied=False), api.call.id, TEXT, KEY)
    remembered = store.keys("note:")
    api.write()

    noting.add(api.sender(), api.call.id, TEXT, KEY)

    assert remembered == []
    assert (api.sent, len(api.call.notes)) == (2, 2)
    assert api.looks == 0
