"""Responses of the API: JSON to records, status to error, Retry-After."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.api.responses import check, read_call_page, read_json, retry_after
from aircall.api.transport import Response
from aircall.errors import AircallError, InvalidRequestError, MalformedResponseError, NotFoundError
from aircall.models import CallPage
from tests.support.api_json import ODD_VALUES, RECORDED, ROW

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GOOD_ROW = b'{"id":"7876e2eb-1a50-4a7e-afb5-2936cbe6e814","notes":[{"id":"n","content":"%s"}]}'
# Values that JSON readers fail at.
BAD_VALUES = {
    "infinity": b"1e999",
    "5,000 digits": b"9" * 5000,
    "Latin-1": '"é"'.encode("latin-1"),
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
}
BAD_BODIES = {
    **BAD_VALUES,
    "NaN": b"NaN",
    "a control character": b'"\x01"',
    "100,000 brackets": b"[" * 100_000,
    "100,000 closed brackets": b"[" * 100_000 + b"]" * 100_000,
    "two byte order marks": b'\xef\xbb\xbf\xef\xbb\xbf{"id":1}',
    "HTML": b"<!doctype html><title>502</title>",
    "nothing": b"",
    "a truncated object": b'{"id": "7876',
    "two values": b"{} {}",
}
SURROGATES = {
    b"cut \\ud83d": "cut \ufffd",
    b"\\uDE00 low": "\ufffd low",
    b"\\ud83d\\ud83d\\ude00": "\ufffd😀",
    b"\\ud83d\\ude00": "😀",
    b"a backslash \\\\ud83d": "a backslash \\ud83d",
    b"both \\\\\\ud83d": "both \\\ufffd",
}

TEXT = st.text(st.characters(codec=None), max_size=5) | st.sampled_from(["nul\0", "missed", "+331"])
# Calls whose fields have the promised types, with any values.
PROMISED = st.fixed_dictionaries(
    {
        "id": st.uuids().map(str) | st.uuids().map(lambda id_: str(id_).upper()) | TEXT,
        **dict.fromkeys(["direction", "call_type", "from", "to", "via"], TEXT),
        "duration": st.integers(),
        "is_archived": st.booleans(),
        "created_at": st.datetimes().map(lambda time: f"{time.isoformat()}Z") | TEXT,
        "notes": st.lists(st.fixed_dictionaries({"id": TEXT, "content": TEXT}), max_size=2),
    }
)


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_body_that_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedResponseError):
        read_json(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"nodes":null}', b'{"nodes":{}}', b'{"total":1}'])
def test_a_body_that_is_not_a_list_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedResponseError):
        read_call_page(body)


@pytest.mark.parametrize("value", BAD_VALUES.values(), ids=BAD_VALUES)
def test_an_unreadable_row_or_total_hides_no_other_row(value: bytes) -> None:
    rows = b'{"id":%s},%s' % (value, GOOD_ROW % b"ok")

    page = read_call_page(b'{"nodes":[%s],"totalCount":%s,"hasNextPage":%s}' % (rows, value, value))

    assert (len(page.calls), page.malformed_count) == (1, 1)
    assert (page.total_count, page.has_next_page) == (None, None)


@pytest.mark.parametrize(("escaped", "content"), SURROGATES.items())
def test_half_a_surrogate_pair_becomes_a_replacement_character(escaped: bytes, content: str) -> None:
    page = read_call_page(b'{"nodes":[%s]}' % (GOOD_ROW % escaped))

    assert page.calls[0].notes[0].content == content


@given(st.text(st.characters(codec=None)))
def test_any_text_that_a_json_writer_escapes_can_be_read(text: str) -> None:
    read = read_json(json.dumps(text).encode())

    # Two halves side by side are a pair once they are written as JSON.
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert len(read) == len(joined)
    assert [a for a, b in zip(read, joined, strict=True) if a != b] == []


@given(st.binary())
def test_any_bytes_are_json_or_malformed(body: bytes) -> None:
    for read in (read_json, read_call_page):
        with suppress(MalformedResponseError):
            read(body)


@given(st.lists(st.sampled_from(RECORDED) | PROMISED, max_size=4), st.booleans(), st.integers(-2, 2**60))
def test_a_page_is_read_alike_by_schema_and_row_by_row(rows: list[object], more: bool, total: int) -> None:
    page = {"nodes": rows, "totalCount": total, "hasNextPage": more}
    body = json.dumps(page).encode()

    assert read_call_page(body) == CallPage.from_json(read_json(body))


@pytest.mark.parametrize("name", [*ROW, "notes.id", "notes.content"])
@pytest.mark.parametrize("value", ODD_VALUES, ids=repr)
def test_an_odd_field_does_not_affect_other_rows(name: str, value: object) -> None:
    note, _, part = name.partition(".")
    odd = ROW | {note: [{**ROW["notes"][0], part: value}] if part else value}

    page = read_call_page(json.dumps({"nodes": [RECORDED[0], odd, RECORDED[1]]}).encode())

    assert {call.id for call in page.calls} >= {RECORDED[0]["id"], RECORDED[1]["id"]}
    assert page == CallPage.from_json({"nodes": [RECORDED[0], json.loads(json.dumps(odd)), RECORDED[1]]})


def test_an_unreadable_body_is_not_kept_in_the_error() -> None:
    with pytest.raises(MalformedResponseError) as caught:
        read_json('{"access_token":"eyJ.secret","user":"é"}'.encode("latin-1"))

    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert "secret" not in repr(caught.value)


def response(status: int, body: bytes = b"") -> Response:
    return Response(status=status, headers={"Retry-After": "2"}, body=body)


def failure(status: int, body: bytes, secret: str = "") -> AircallError:
    """The error of a response."""
    with pytest.raises(AircallError) as caught:
        check(response(status, body), secret)
    return caught.value


def test_a_success_is_no_error() -> None:
    for status in (200, 201, 202, 204, 299):
        check(response(status), "")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"statusCode":404,"message":"The call does not exist!"}', "The call does not exist!"),
        (b'{"message":["content is empty","content is no text"]}', "content is empty; content is no text"),
        (b'{"message":"nul \\u0000 \\ud800"}', "nul \ufffd \ufffd"),
        *((body, "The API answered 404.") for body in (b"<html>", b"[]", b'{"message":{"a":1}}')),
        (b'{"message":" \\n"}', "The API answered 404."),
    ],
)
def test_a_failure_says_what_its_body_says_or_else_its_status(body: bytes, text: str) -> None:
    error = failure(404, body)

    assert type(error) is NotFoundError
    assert str(error) == text


def test_messages_are_limited_in_number_and_length() -> None:
    error = failure(400, json.dumps({"message": ["x" * 10_000] * 1000}).encode())

    assert isinstance(error, InvalidRequestError)
    assert [len(text) for text in error.messages] == [300] * 10


@pytest.mark.parametrize("secret", ["eyJ.secret", "long password " * 30], ids=["short", "cut in a message"])
def test_a_message_that_repeats_the_requests_secret_is_left_out(secret: str) -> None:
    body = json.dumps({"message": [f"Refused: {secret}", "try again"]}).encode()

    assert str(failure(400, body, secret)) == "try again"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("Mon, 23 Nov 2026 12:00:03 GMT", 3),
        ("Mon, 23 Nov 2026 12:00:03 -0000", 3),
        ("Mon, 23 Nov 2026 14:00:03 +0200", 3),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float) -> None:
    assert retry_after(header, NOW) == seconds
    assert failure(429, b"").retry_after == 2


def test_any_other_retry_after_is_unknown() -> None:
    for header in (None, "", "1.5", "-1", "1, 2", "9" * 400, "Mon, 23 Nov 99999 11:00:00 GMT", "soon"):
        assert retry_after(header, NOW) is None, header


@given(st.text())
def test_any_retry_after_is_readable_or_unknown(header: str) -> None:
    seconds = retry_after(header, NOW)

    assert seconds is None or seconds >= 0


def test_a_byte_order_mark_is_skipped() -> None:
    body = json.dumps({"nodes": RECORDED[:2], "totalCount": 2, "hasNextPage": False}).encode()

    assert read_call_page(b"\xef\xbb\xbf" + body) == read_call_page(body)
    assert read_json(b'\xef\xbb\xbf{"id":1}') == {"id": 1}
