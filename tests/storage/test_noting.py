"""A note and its key: what is sent, and what is remembered, in a real store."""

import pytest

from aircall.changes.notes import NoteWriter
from aircall.errors import AircallError, ForbiddenError, RateLimitedError, ServerError
from aircall.storage.records import RecordStore
from tests.storage.notes_api import KEY, TEXT, NotesApi
from tests.storage.stores import Stores

DAY = 24 * 3600
REFUSED = [ForbiddenError("no"), RateLimitedError("later"), ServerError("later", retry_after=1)]


def test_a_note_is_sent_once_under_its_key(noting: NoteWriter, api: NotesApi) -> None:
    first = noting.add(TEXT, KEY, api.fetch, api.sender())
    second = noting.add(TEXT, KEY, api.fetch, api.sender())

    assert first == api.call
    assert second is None
    assert api.sent == 1
    assert api.looks == 0


@pytest.mark.parametrize(("text", "key"), [(TEXT, "form 2"), ("Something else", KEY)])
def test_another_key_or_another_text_is_another_note(
    noting: NoteWriter, api: NotesApi, text: str, key: str
) -> None:
    noting.add(TEXT, KEY, api.fetch, api.sender())

    assert noting.add(text, key, api.fetch, api.sender(text=text)) is not None
    assert api.sent == 2


def test_a_note_is_remembered_for_a_day(noting: NoteWriter, api: NotesApi, stores: Stores) -> None:
    noting.add(TEXT, KEY, api.fetch, api.sender())

    stores.age(DAY - 1)
    before = noting.add(TEXT, KEY, api.fetch, api.sender())
    stores.age(1)
    after = noting.add(TEXT, KEY, api.fetch, api.sender())

    assert before is None
    assert after is not None


def test_what_another_version_remembered_is_as_good_as_nothing(
    noting: NoteWriter, api: NotesApi, store: RecordStore
) -> None:
    noting.add(TEXT, KEY, api.fetch, api.sender())
    (name,) = store.keys("note:")
    store.put(name, b"[]", DAY)

    assert noting.add(TEXT, KEY, api.fetch, api.sender()) is not None
    assert api.sent == 2


def test_half_a_character_in_a_note_is_no_trouble_here(noting: NoteWriter, api: NotesApi) -> None:
    assert noting.add("half \ud83d", KEY, api.fetch, api.sender()) is not None


@pytest.mark.parametrize("error", REFUSED)
def test_a_note_that_was_refused_is_sent_again_whatever_others_have_written(
    noting: NoteWriter, api: NotesApi, store: RecordStore, error: AircallError
) -> None:
    with pytest.raises(type(error)):
        noting.add(TEXT, KEY, api.fetch, api.sender(error, is_applied=False))
    remembered = store.keys("note:")
    api.write()

    noting.add(TEXT, KEY, api.fetch, api.sender())

    assert remembered == []
    assert (api.sent, len(api.call.notes)) == (2, 2)
    assert api.looks == 0
