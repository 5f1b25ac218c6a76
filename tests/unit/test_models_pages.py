"""What the API's list, users and tokens become. No socket, no clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.errors import MalformedResponseError
from aircall.models import CallPage, TokenGrant, Tokens, User
from tests.support.api_json import JSON_VALUES, ODD_VALUES, RECORDED, ROWS


@given(JSON_VALUES, st.lists(ROWS | JSON_VALUES, max_size=6))
def test_any_json_is_a_page_or_malformed(data: object, rows: list[object]) -> None:
    page = CallPage.from_json({"nodes": rows, "totalCount": data, "hasNextPage": data})

    assert page.row_count == len(rows)
    assert len({call.id for call in page.calls}) == len(page.calls)
    assert page.total_count is None or page.total_count >= 0


@pytest.mark.parametrize("data", [*ODD_VALUES, {"nodes": None}, {"nodes": {}}, {"nodes": "text"}], ids=repr)
def test_a_list_without_rows_is_malformed(data: object) -> None:
    with pytest.raises(MalformedResponseError):
        CallPage.from_json(data)


def test_a_bad_row_hides_no_good_one() -> None:
    page = CallPage.from_json({"nodes": [None, RECORDED[0], {"id": "x"}, RECORDED[1]]})

    assert [call.id for call in page.calls] == [RECORDED[0]["id"], RECORDED[1]["id"]]
    assert (page.malformed_count, page.row_count) == (2, 4)


def test_a_call_is_on_a_page_once() -> None:
    page = CallPage.from_json({"nodes": [RECORDED[0], RECORDED[1], RECORDED[0]]})

    assert [call.id for call in page.calls] == [RECORDED[0]["id"], RECORDED[1]["id"]]
    assert (page.malformed_count, page.duplicate_count, page.row_count) == (0, 1, 3)


@pytest.mark.parametrize(
    ("value", "total"),
    [(0, 0), (124, 124), (10**9, 10**9), (-1, None), (1e9, None), ("94", None), (None, None), (True, None)],
)
def test_a_total_is_a_whole_number_or_unknown(value: object, total: int | None) -> None:
    assert CallPage.from_json({"nodes": [], "totalCount": value}).total_count == total


@pytest.mark.parametrize(
    ("value", "said"), [(True, True), (False, False), (None, None), (1, None), ("yes", None)]
)
def test_whether_there_is_more_is_said_or_unknown(value: object, said: bool | None) -> None:
    assert CallPage.from_json({"nodes": [], "hasNextPage": value}).has_next_page is said


def test_a_user_is_read() -> None:
    assert User.from_json({"id": "alice", "username": "Alice"}) == User(id="alice", username="Alice")


def test_a_user_without_an_id_goes_by_the_name() -> None:
    assert User.from_json({"username": "Alice"}) == User(id="Alice", username="Alice")


@pytest.mark.parametrize("data", [*ODD_VALUES, {"id": "alice"}, {"username": 7}], ids=repr)
def test_a_user_without_a_name_is_malformed(data: object) -> None:
    with pytest.raises(MalformedResponseError):
        User.from_json(data)


def test_a_grant_has_tokens_and_user() -> None:
    user = {"id": "alice", "username": "Alice"}

    grant = TokenGrant.from_json({"access_token": "a.b.c", "refresh_token": "d.e.f", "user": user})

    assert grant == TokenGrant(tokens=Tokens(access="a.b.c", refresh="d.e.f"), user=User(**user))


@pytest.mark.parametrize("value", [None, 7, "", "a b", []], ids=repr)
def test_a_grant_without_a_refresh_token_keeps_the_one_given(value: object) -> None:
    data = {"access_token": "a.b.c", "refresh_token": value}

    assert TokenGrant.from_json(data, "old").tokens.refresh == "old"
    assert TokenGrant.from_json(data).tokens.refresh is None


def test_a_grant_without_a_usable_user_has_none() -> None:
    assert TokenGrant.from_json({"access_token": "a.b.c", "user": {"id": 7}}).user is None


@pytest.mark.parametrize(
    "value", [None, "", 7, "a b", "a\r\nb", "jét", "x" * 8193], ids=lambda v: repr(v)[:12]
)
def test_a_grant_needs_an_access_token_that_fits_a_header(value: object) -> None:
    with pytest.raises(MalformedResponseError):
        TokenGrant.from_json({"access_token": value})


def test_tokens_are_not_printed() -> None:
    grant = TokenGrant.from_json({"access_token": "secret-a", "refresh_token": "secret-b"})

    assert "secret" not in f"{grant} {grant!r} {grant.tokens} {grant.tokens!r}"
