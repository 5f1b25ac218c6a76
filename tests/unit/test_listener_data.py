"""How the data of a Pusher event is read."""

import pytest

from aircall.errors import MalformedResponseError
from aircall.pusher.connection import LONGEST_DATA, decoded, fields


@pytest.mark.parametrize("data", ['{"a": 1}', {"a": 1}])
def test_an_object_may_come_as_text_or_as_it_is(data: object) -> None:
    assert decoded(data) == {"a": 1}
    assert fields(data) == {"a": 1}


UNREADABLE = {
    "not JSON": "{",
    "nothing": "",
    "no JSON number": "NaN",
    "too deep": "[" * 100_000,
    "a lone surrogate": '"\ud800"',
    "too long": '"' + "x" * LONGEST_DATA + '"',
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_text_that_cannot_be_read_is_malformed_and_has_no_fields(data: str) -> None:
    with pytest.raises(MalformedResponseError):
        decoded(data)

    assert fields(data) == {}


@pytest.mark.parametrize("data", [None, 7, [], "[]", "null"])
def test_what_is_no_object_has_no_fields(data: object) -> None:
    assert fields(data) == {}
