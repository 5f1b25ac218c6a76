"""What calls, pages, users and tokens in the API's JSON become."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.errors import MalformedResponseError
from aircall.models import (
    Call,
    CallPage,
    Note,
    PartialCall,
    TokenGrant,
    Tokens,
    User,
    clean_text,
    is_call_id,
    parse_event,
)
from tests.support.api_json import JSON_VALUES, ODD_VALUES, RECORDED, ROW, ROWS


def test_a_call_is_parsed_field_by_field_and_extra_fields_are_ignored() -> None:
    assert Call.from_json({**ROW, "id": ROW["id"].upper(), "agent": {"name": "Alice"}}) == Call(
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


def test_every_recorded_call_is_written_as_it_was_read() -> None:
    assert [Call.from_json(row).to_json() for row in RECORDED] == RECORDED
    assert len({row["id"] for row in RECORDED}) == 94


@pytest.mark.parametrize("name", [name for name in ROW if name != "id"])
def test_a_missing_or_odd_field_hides_no_call_and_affects_no_other_field(name: str) -> None:
    expected = {**ROW, name: None}
    missing = Call.from_json({key: value for key, value in ROW.items() if key != name})

    assert {**missing.to_json(), name: None} == expected
    for value in ODD_VALUES:
        call = Call.from_json({**ROW, name: value})
        assert ({**call.to_json(), name: None}, value) == (expected, value)
        assert Call.from_json(call.to_json()) == call


def test_unknown_words_become_unknown() -> None:
    for value in ODD_VALUES:
        call = Call.from_json({**ROW, "call_type": value, "direction": value})
        assert (call.call_type, call.direction) == ("unknown", "unknown")


@pytest.mark.parametrize(
    ("given", "call_id"),
    [
        (ROW["id"].upper(), ROW["id"]),
        (812, "812"),
        ("812", "812"),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("Call_7:a@b.example~1", "Call_7:a@b.example~1"),
        ("a" * 128, "a" * 128),
    ],
)
def test_an_id_is_a_uuid_in_lower_case_or_another_word_or_number(given: object, call_id: str) -> None:
    assert Call.from_json({**ROW, "id": given}).id == call_id
    assert is_call_id(call_id)


@pytest.mark.parametrize(
    "given",
    ["", " ", "-1", -1, True, 1.5, None, [], {}, "a" * 129, "a,b", "a/b", "../../me", "a?b", "a%41", "a#b",
     "é", "{876e2eb-1a50-4a7e-afb5-2936cbe6e81}", "a\n", '"', "rows", "counts", "archive"],
)  # fmt: skip
def test_an_id_fits_into_addresses_and_lists_of_ids(given: object) -> None:
    with pytest.raises(MalformedResponseError):
        Call.from_json({**ROW, "id": given})
    assert not is_call_id(str(given)) or not isinstance(given, str)


def test_an_event_tells_fields_that_are_there_and_of_their_type() -> None:
    assert parse_event(ROW) == Call.from_json(ROW)
    known = Call.from_json({**ROW, "is_archived": False})

    archived = parse_event({"id": ROW["id"], "is_archived": True, "notes": None, "duration": None})
    odd = parse_event({"id": ROW["id"], "is_archived": "yes", "notes": "none", "via": "+33700000000"})

    assert isinstance(archived, PartialCall)
    assert isinstance(odd, PartialCall)
    assert archived.merged_into(known) == Call.from_json({**ROW, "is_archived": True})
    assert odd.merged_into(known) == Call.from_json({**ROW, "is_archived": False, "via": "+33700000000"})


def test_a_number_may_be_an_integer_and_is_cut_where_nothing_can_hold_it() -> None:
    call = Call.from_json({**ROW, "from": 33612345678, "to": 10**5000, "via": "9" * 4000})

    assert (call.caller, call.callee, len(call.via)) == ("33612345678", "", 500)


def test_a_duration_is_in_milliseconds_or_unknown() -> None:
    year = 366 * 24 * 3600 * 1000
    for value in (0, 610, 96449.0, year):
        assert Call.from_json({**ROW, "duration": value}).duration == timedelta(milliseconds=value)
    for unusable in (year + 1, -1, float("nan"), float("inf"), 10**5000, True, "610"):
        assert Call.from_json({**ROW, "duration": unusable}).duration is None


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2024-03-29T12:59:48.740Z", datetime(2024, 3, 29, 12, 59, 48, 740000, tzinfo=UTC)),
        ("2024-03-29T14:59:48+02:00", datetime(2024, 3, 29, 12, 59, 48, tzinfo=UTC)),
        ("2024-03-29T12:59:48", datetime(2024, 3, 29, 12, 59, 48, tzinfo=UTC)),
        *((value, None) for value in ("yesterday", 1711717188)),
        *((value, None) for value in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")),
    ],
)
def test_an_instant_is_in_utc_if_it_names_no_zone(value: object, instant: datetime | None) -> None:
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
def test_text_is_kept_except_what_cannot_be_displayed(text: object, cleaned: str) -> None:
    assert clean_text(text) == cleaned


def test_only_notes_that_are_objects_are_kept_and_their_text_is_cleaned() -> None:
    call = Call.from_json(
        {**ROW, "notes": [None, "text", {"content": 7}, {"id": "n", "content": "cut \ud83d"}]}
    )

    assert [note.content for note in call.notes] == ["", "cut \ufffd"]


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


@given(JSON_VALUES, st.lists(ROWS | JSON_VALUES, max_size=6))
def test_any_json_is_a_page(data: object, rows: list[object]) -> None:
    page = CallPage.from_json({"nodes": rows, "totalCount": data, "hasNextPage": data})

    assert page.row_count == len(rows)
    assert len({call.id for call in page.calls}) == len(page.calls)
    assert page.total_count is None or page.total_count >= 0


def test_a_malformed_or_repeated_row_hides_no_good_one() -> None:
    page = CallPage.from_json({"nodes": [None, RECORDED[0], {"id": "x/y"}, RECORDED[1], RECORDED[0]]})

    assert [call.id for call in page.calls] == [RECORDED[0]["id"], RECORDED[1]["id"]]
    assert (page.malformed_count, page.duplicate_count, page.row_count) == (2, 1, 5)


def test_the_total_is_a_whole_number_and_the_next_page_a_boolean_or_unknown() -> None:
    def parsed(value: object) -> tuple[int | None, bool | None]:
        page = CallPage.from_json({"nodes": [], "totalCount": value, "hasNextPage": value})
        return page.total_count, page.has_next_page

    assert [parsed(value) for value in (0, 124, 10**9)] == [(0, None), (124, None), (10**9, None)]
    assert [parsed(value) for value in (True, False)] == [(None, True), (None, False)]
    assert {parsed(value) for value in (-1, 1e9, "94", "yes", None)} == {(None, None)}


@pytest.mark.parametrize(
    ("record", "odd"),
    [
        (Call, []),
        (CallPage, [{"nodes": None}, {"nodes": {}}, {"nodes": "text"}]),
        (User, [{"id": "alice"}, {"username": 7}]),
        (TokenGrant, [{"access_token": text} for text in (None, "", 7, "a b", "a\r\nb", "jét", "x" * 8193)]),
    ],
)
def test_a_record_without_its_required_field_is_malformed(record: Any, odd: list[object]) -> None:
    for data in [*ODD_VALUES, *odd]:
        with pytest.raises(MalformedResponseError):
            record.from_json(data)


def test_a_user_without_an_id_is_identified_by_name() -> None:
    assert User.from_json({"id": "alice", "username": "Alice"}) == User(id="alice", username="Alice")
    assert User.from_json({"username": "Alice"}) == User(id="Alice", username="Alice")


def test_a_grant_has_a_user_if_it_names_one_and_without_a_refresh_token_keeps_the_previous_one() -> None:
    user = {"id": "alice", "username": "Alice"}

    grant = TokenGrant.from_json({"access_token": "a.b.c", "refresh_token": "d.e.f", "user": user})

    assert grant == TokenGrant(tokens=Tokens(access="a.b.c", refresh="d.e.f"), user=User(**user))
    assert TokenGrant.from_json({"access_token": "a.b.c", "user": {"id": 7}}).user is None
    for value in (None, 7, "", "a b", ["x"]):
        data = {"access_token": "a.b.c", "refresh_token": value}
        assert TokenGrant.from_json(data, "old").tokens.refresh == "old"
        assert TokenGrant.from_json(data).tokens.refresh is None


def test_personal_data_and_tokens_are_not_printed() -> None:
    call = Call.from_json(ROW)
    grant = TokenGrant.from_json({"access_token": "secret-a", "refresh_token": "secret-b"})

    printed = f"{call!r} {call.notes} {grant} {grant!r} {grant.tokens} {grant.tokens!r}"

    hidden = ("Call back", "+33193545889", "+33189394635", "+33118842251", "secret")
    assert [text for text in hidden if text in printed] == []
