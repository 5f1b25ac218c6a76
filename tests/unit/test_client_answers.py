"""What the API's answers mean. No socket, no clock."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.api.responses import read_call_page, read_json
from aircall.errors import MalformedResponseError
from aircall.models import CallPage
from tests.support.api_json import ODD_VALUES, RECORDED, ROW

GOOD_ROW = b'{"id":"7876e2eb-1a50-4a7e-afb5-2936cbe6e814","notes":[{"id":"n","content":"%s"}]}'
# What a JSON reader may stumble over, each in place of a value.
BAD_VALUES = {
    "infinity": b"1e999",
    "5,000 digits": b"9" * 5000,
    "Latin-1": '"é"'.encode("latin-1"),
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
}
# What is no JSON at all, or none of the kind that is promised.
BAD_BODIES = {
    **BAD_VALUES,
    "NaN": b"NaN",
    "a control character": b'"\x01"',
    "100,000 brackets": b"[" * 100_000,
    "100,000 closed brackets": b"[" * 100_000 + b"]" * 100_000,
    "a byte order mark": b'\xef\xbb\xbf{"id":1}',
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
# Calls in which every field is of the kind that the API promises, though not of the value.
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
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedResponseError):
        read_json(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"nodes":null}', b'{"nodes":{}}', b'{"total":1}'])
def test_what_is_no_list_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedResponseError):
        read_call_page(body)


def test_the_last_of_two_equal_keys_counts() -> None:
    assert read_json(b'{"a":1,"a":2}') == {"a": 2}


@pytest.mark.parametrize("value", BAD_VALUES.values(), ids=BAD_VALUES)
def test_one_row_that_cannot_be_read_hides_no_other(value: bytes) -> None:
    bad_row = b'{"id":%s}' % value

    page = read_call_page(b'{"nodes":[%s,%s]}' % (bad_row, GOOD_ROW % b"ok"))

    assert (len(page.calls), page.malformed_count) == (1, 1)


@pytest.mark.parametrize("value", BAD_VALUES.values(), ids=BAD_VALUES)
def test_a_total_that_cannot_be_read_hides_no_call(value: bytes) -> None:
    page = read_call_page(
        b'{"nodes":[%s],"totalCount":%s,"hasNextPage":%s}' % (GOOD_ROW % b"ok", value, value)
    )

    assert (len(page.calls), page.total_count, page.has_next_page) == (1, None, None)


@pytest.mark.parametrize(("escaped", "content"), SURROGATES.items())
def test_half_a_surrogate_pair_costs_one_character_not_the_call(escaped: bytes, content: str) -> None:
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
def test_a_page_is_read_alike_as_promised_and_field_by_field(
    rows: list[object], more: bool, total: int
) -> None:
    page = {"nodes": rows, "totalCount": total, "hasNextPage": more}
    body = json.dumps(page).encode()

    assert read_call_page(body) == CallPage.from_json(read_json(body))


@pytest.mark.parametrize("name", [*ROW, "notes.id", "notes.content"])
@pytest.mark.parametrize("value", ODD_VALUES, ids=repr)
def test_an_odd_field_makes_no_difference_to_the_rows_beside_it(name: str, value: object) -> None:
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
