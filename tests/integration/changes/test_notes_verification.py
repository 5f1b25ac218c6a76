"""A note whose fate is unknown: how it is looked for, and what the next try makes of it."""

import pytest

from aircall.changes.errors import UnconfirmedError
from aircall.changes.notes import NoteWriter
from aircall.errors import AircallError, LoginEndedError, NoResponseError, NotFoundError, ServerError
from aircall.storage.records import RecordStore
from tests.integration.changes.notes_api import KEY, TEXT, NotesApi

LOST = [NoResponseError("lost"), ServerError("500")]


@pytest.mark.parametrize("error", LOST)
def test_a_note_whose_answer_was_lost_is_looked_for_and_then_known(
    noting: NoteWriter, api: NotesApi, error: AircallError
) -> None:
    found = noting.add(api.sender(error), api.call.id, TEXT, KEY)
    again = noting.add(api.sender(), api.call.id, TEXT, KEY)

    assert found == api.call
    assert again is None
    assert (api.sent, api.looks) == (1, 1)


@pytest.mark.parametrize("stored", [f"  {TEXT}\n", TEXT.replace(" ", "\r\n"), TEXT.replace(" ", "\n")])
def test_a_note_is_known_again_however_its_spaces_were_kept(
    noting: NoteWriter, api: NotesApi, stored: str
) -> None:
    assert noting.add(api.sender(LOST[0], text=stored), api.call.id, TEXT, KEY) == api.call


@pytest.mark.parametrize("other", ["", TEXT.upper(), TEXT.replace(" ", ""), TEXT + "!"])
def test_neither_another_text_nor_an_older_note_is_taken_for_it(store: RecordStore, other: str) -> None:
    noting, api = NoteWriter(store, verify_interval=0.02, verify_timeout=0.1), NotesApi(TEXT, "Older still")

    with pytest.raises(UnconfirmedError) as caught:
        noting.add(api.sender(LOST[0], text=other), api.call.id, TEXT, KEY)

    assert caught.value.last_seen == api.call
    assert api.sent == 1


def test_a_note_that_came_after_all_is_found_by_the_next_try_and_then_known(
    noting: NoteWriter, api: NotesApi
) -> None:
    with pytest.raises(UnconfirmedError):
        noting.add(api.sender(LOST[0], is_applied=False), api.call.id, TEXT, KEY)
    api.write()

    found = noting.add(api.sender(), api.call.id, TEXT, KEY)
    again = noting.add(api.sender(), api.call.id, TEXT, KEY)

    assert found == api.call
    assert again is None
    assert api.sent == 1


def test_a_note_that_did_not_come_is_sent_by_the_next_try(noting: NoteWriter, api: NotesApi) -> None:
    with pytest.raises(UnconfirmedError):
        noting.add(api.sender(LOST[0], is_applied=False), api.call.id, TEXT, KEY)

    noting.add(api.sender(), api.call.id, TEXT, KEY)

    assert (api.sent, len(api.call.notes)) == (2, 1)


def test_a_process_that_ends_while_it_sends_leaves_a_note_that_is_looked_for_first(
    store: RecordStore, api: NotesApi
) -> None:
    with pytest.raises(SystemError):
        NoteWriter(store).add(api.sender(SystemError("killed")), api.call.id, TEXT, KEY)

    found = NoteWriter(store).add(api.sender(), api.call.id, TEXT, KEY)

    assert found == api.call
    assert api.sent == 1


@pytest.mark.parametrize("error", [NotFoundError("gone"), LoginEndedError("over")])
def test_looking_ends_with_the_call_or_the_login(
    noting: NoteWriter, api: NotesApi, error: AircallError
) -> None:
    api.read_errors = [error]

    with pytest.raises(type(error)):
        noting.add(api.sender(LOST[0]), api.call.id, TEXT, KEY)

    assert api.looks == 1


def test_looking_goes_on_in_any_other_trouble(store: RecordStore, api: NotesApi) -> None:
    api.read_errors = [NoResponseError("lost"), ServerError("500")]

    found = NoteWriter(store, verify_interval=0.01).add(api.sender(LOST[0]), api.call.id, TEXT, KEY)

    assert found == api.call
    assert api.looks == 3


def test_one_look_may_take_all_the_time_that_is_left_and_never_less_than_a_pause(
    store: RecordStore,
) -> None:
    generous, hasty = NotesApi(), NotesApi()

    NoteWriter(store, verify_interval=0.1, verify_timeout=9).add(
        generous.sender(LOST[0]), generous.call.id, TEXT, KEY
    )
    with pytest.raises(UnconfirmedError):
        NoteWriter(store, verify_interval=0.1, verify_timeout=0.15).add(
            hasty.sender(LOST[0], is_applied=False), hasty.call.id, TEXT, "form 2"
        )

    _, only = generous.deadlines
    assert only is not None
    assert 0.1 < only <= 9
    # At once, and after the one pause that ends before patience does.
    assert 1 <= hasty.looks <= 2
    assert all(deadline is None or 0.1 <= deadline <= 0.15 for deadline in hasty.deadlines)


def test_a_note_that_comes_late_is_looked_for_often_enough_to_be_seen(
    store: RecordStore, api: NotesApi
) -> None:
    def come_at_the_sixth_look() -> None:
        if api.looks == 6:
            api.write()

    api.on_look = come_at_the_sixth_look

    found = NoteWriter(store).add(api.sender(LOST[0], is_applied=False), api.call.id, TEXT, KEY)

    assert found == api.call
