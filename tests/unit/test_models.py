"""What a call in the API's JSON becomes. No socket, no clock."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from aircall.errors import MalformedResponseError
from aircall.models import Call, Note, call_id, clean_text
from tests.support.api_json import JSON_VALUES, ODD_VALUES, RECORDED, ROW, ROWS


def test_a_call_is_read_field_by_field() -> None:
    call = Call.from_json(ROW)

    assert call == Call(
        id="7876e2eb-1a50-4a7e-afb5-2936cbe6e814",
        direction="inbound",
        call_type="answered",
        caller="+33193545889",
        callee="+33189394635",
        via="+33118842251",
        duration=timedelta(seconds=60, milliseconds=816),
        is_archived=True,
        created_at=datetime(2022, 11, 10, 19, 29, 4, 158000, tzinfo=UTC),
        notes=(Note(id="37f0d33d-4b7a-4631-af34-dbfb73838510", content="Call back"),),
    )


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: row["id"][:8])
def test_every_recorded_call_is_written_as_it_was_read(row: dict[str, Any]) -> None:
    assert Call.from_json(row).to_json() == row


def test_there_are_94_recorded_calls() -> None:
    assert len({row["id"] for row in RECORDED}) == 94


@pytest.mark.parametrize("name", [name for name in ROW if name != "id"])
def test_a_missing_field_hides_no_call(name: str) -> None:
    row = {key: value for key, value in ROW.items() if key != name}

    call = Call.from_json(row)

    assert {**call.to_json(), name: None} == {**ROW, name: None}


@pytest.mark.parametrize("value", ODD_VALUES, ids=repr)
@pytest.mark.parametrize("name", [name for name in ROW if name != "id"])
def test_an_odd_field_hides_no_call_and_touches_no_other_field(name: str, value: object) -> None:
    call = Call.from_json({**ROW, name: value})

    assert {**call.to_json(), name: None} == {**ROW, name: None}
    assert Call.from_json(call.to_json()) == call


def test_an_extra_field_is_ignored() -> None:
    assert Call.from_json({**ROW, "agent": {"name": "Alice"}}) == Call.from_json(ROW)


@pytest.mark.parametrize("value", ODD_VALUES, ids=repr)
def test_unknown_words_become_unknown(value: object) -> None:
    call = Call.from_json({**ROW, "call_type": value, "direction": value})

    assert (call.call_type, call.direction) == ("unknown", "unknown")


@pytest.mark.parametrize(
    "value", ["7876e2eb", "{876e2eb-1a50-4a7e-afb5-2936cbe6e81}", "../../me", *ODD_VALUES]
)
def test_a_call_needs_the_id_of_a_uuids_form(value: object) -> None:
    with pytest.raises(MalformedResponseError):
        Call.from_json({**ROW, "id": value})


@pytest.mark.parametrize("data", ODD_VALUES, ids=repr)
def test_what_is_no_call_is_malformed(data: object) -> None:
    with pytest.raises(MalformedResponseError):
        Call.from_json(data)


def test_an_id_is_given_in_lower_case() -> None:
    assert call_id(ROW["id"].upper()) == ROW["id"]


@pytest.mark.parametrize(
    ("value", "duration"),
    [
        (0, timedelta()),
        (610, timedelta(milliseconds=610)),
        (96449.0, timedelta(milliseconds=96449)),
        (366 * 24 * 3600 * 1000, timedelta(days=366)),
        (366 * 24 * 3600 * 1000 + 1, None),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**5000, None),
        (True, None),
        ("610", None),
    ],
    ids=lambda value: str(value)[:12] if not isinstance(value, int) or value < 10**9 else "huge",
)
def test_a_duration_is_milliseconds_or_unknown(value: object, duration: timedelta | None) -> None:
    assert Call.from_json({**ROW, "duration": value}).duration == duration


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2024-03-29T12:59:48.740Z", datetime(2024, 3, 29, 12, 59, 48, 740000, tzinfo=UTC)),
        ("2024-03-29T14:59:48+02:00", datetime(2024, 3, 29, 12, 59, 48, tzinfo=UTC)),
        ("2024-03-29T12:59:48", None),
        ("2024-03-29", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("yesterday", None),
        (1711717188, None),
    ],
)
def test_an_instant_needs_a_zone_and_room_around_it(value: object, instant: datetime | None) -> None:
    assert Call.from_json({**ROW, "created_at": value}).created_at == instant


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("line\r\nline\ttab", "line\r\nline\ttab"),
        ("nul\x00 bell\x07", "nul\ufffd bell\ufffd"),
        ("cut \ud83d emoji", "cut \ufffd emoji"),
        ("\u202eright to left\u202c 😀 é", "\u202eright to left\u202c 😀 é"),
        (7, ""),
    ],
)
def test_text_is_kept_but_for_what_cannot_be_shown(text: object, cleaned: str) -> None:
    assert clean_text(text) == cleaned


def test_half_a_surrogate_pair_in_a_note_does_not_survive() -> None:
    call = Call.from_json({**ROW, "notes": [{"id": "n", "content": "cut \ud83d"}]})

    assert json.dumps(call.to_json(), ensure_ascii=False).encode()
    assert call.notes[0].content == "cut \ufffd"


def test_only_notes_that_are_objects_are_kept() -> None:
    call = Call.from_json({**ROW, "notes": [None, "text", {"content": 7}, {"id": "n", "content": "Kept"}]})

    assert [note.content for note in call.notes] == ["", "Kept"]


@pytest.mark.parametrize(
    ("direction", "number"),
    [("inbound", "+33193545889"), ("outbound", "+33189394635"), ("sideways", "+33193545889")],
)
def test_the_counterpart_is_the_other_side(direction: str, number: str) -> None:
    assert Call.from_json({**ROW, "direction": direction}).counterpart == number


@given(JSON_VALUES | ROWS)
def test_any_json_is_a_call_that_can_be_written_or_malformed(data: object) -> None:
    try:
        call = Call.from_json(data)
    except MalformedResponseError:
        return

    written = call.to_json()
    assert Call.from_json(json.loads(json.dumps(written))).to_json() == written
    assert json.dumps(written, ensure_ascii=False).encode()


def test_neither_notes_nor_numbers_are_printed() -> None:
    call = Call.from_json(ROW)
    printed = repr(call) + repr(call.notes)

    hidden = ("Call back", "+33193545889", "+33189394635", "+33118842251")
    assert [text for text in hidden if text in printed] == []
