"""Every endpoint of the API against the sandbox, and bodies that break the contract."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from aircall.api.client import ApiClient
from aircall.errors import (
    InvalidRequestError,
    MalformedResponseError,
    NoResponseError,
    NotFoundError,
    UnauthorizedError,
)
from aircall.models import Call, User
from tests.support.sandbox import Sandbox

ALICE = User(id="alice", username="alice")
NO_CALL = "00000000-0000-4000-8000-000000000000"
NOT_IDS = ["", "abc", "../me", "..%2Fme", f"{NO_CALL}/archive", f"{NO_CALL}?x=1", "7876e2eb\r\n"]
CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
BODIES = {
    "half a surrogate pair": b'"\\ud800"',
    "NaN": b'{"id":NaN}',
    "1e999": b'{"id":1e999}',
    "a number of 5,000 digits": b'{"id":%s}' % (b"9" * 5000),
    "10,000 brackets": b"[" * 10_000,
    "Latin-1": '{"id":"é"}'.encode("latin-1"),
    "equal keys": b'{"id":1,"id":2}',
    "a byte order mark": b'\xef\xbb\xbf{"id":1}',
    "HTML": b"<!doctype html><title>It works!</title>",
    "a truncated object": b'{"id":"7876e2eb-1a50',
    "a list": b"[]",
    "a text": b'"ok"',
    "a number": b"42",
    "another object": b'{"statusCode":200}',
}
ENDPOINTS: dict[str, Callable[[ApiClient], object]] = {
    "login": lambda api: api.login("alice", "secret"),
    "refresh": lambda api: api.refresh("d.e.f"),
    "refresh_access": lambda api: api.refresh_access("a.b.c"),
    "me": lambda api: api.me("a.b.c"),
    "get_calls": lambda api: api.get_calls("a.b.c", 0, 10),
    "get_call": lambda api: api.get_call("a.b.c", CALL_ID),
    "add_note": lambda api: api.add_note("a.b.c", CALL_ID, "Text"),
    "toggle_archived": lambda api: api.toggle_archived("a.b.c", CALL_ID),
    "authorize_channel": lambda api: api.authorize_channel("a.b.c", "1.2", "private-aircall"),
}


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[ApiClient]:
    client = ApiClient(sandbox.url)
    yield client
    client.close()


@pytest.fixture
def token(api: ApiClient) -> str:
    return api.login("alice", "secret").tokens.access


def requests_about_a_call(api: ApiClient, token: str, call_id: str) -> list[Callable[[], object]]:
    return [
        lambda: api.get_call(token, call_id),
        lambda: api.add_note(token, call_id, "Text"),
        lambda: api.toggle_archived(token, call_id),
    ]


def test_login_returns_both_tokens_and_the_user(api: ApiClient) -> None:
    grant = api.login("alice", "secret")

    assert grant.user == ALICE
    assert grant.tokens.refresh not in (None, grant.tokens.access)
    assert api.me(grant.tokens.access) == ALICE


def test_a_login_may_come_without_a_refresh_token(api: ApiClient, sandbox: Sandbox) -> None:
    sandbox.login_without_refresh_token()

    assert api.login("alice", "secret").tokens.refresh is None


def test_a_refused_login_is_unauthorized(api: ApiClient, sandbox: Sandbox) -> None:
    sandbox.reject_logins(401)

    with pytest.raises(UnauthorizedError):
        api.login("alice", "wrong")


def test_a_login_without_a_name_is_invalid(api: ApiClient) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        api.login("", "secret")

    assert any("username" in message for message in caught.value.messages)


def test_refresh_returns_new_tokens_that_work(api: ApiClient) -> None:
    old = api.login("alice", "secret").tokens
    assert old.refresh is not None

    new = api.refresh(old.refresh)

    assert new.user == ALICE
    assert len({old.access, old.refresh, new.tokens.access, new.tokens.refresh}) == 4
    assert api.me(new.tokens.access) == ALICE


def test_the_deprecated_refresh_returns_an_access_token_only(api: ApiClient, token: str) -> None:
    grant = api.refresh_access(token)

    assert (grant.user, grant.tokens.refresh) == (ALICE, None)
    assert grant.tokens.access != token
    assert api.me(grant.tokens.access) == ALICE


def test_an_expired_token_is_unauthorized_everywhere(api: ApiClient, token: str, sandbox: Sandbox) -> None:
    requests: list[Callable[[], object]] = [
        *requests_about_a_call(api, token, sandbox.calls()[0]["id"]),
        lambda: api.me(token),
        lambda: api.get_calls(token, 0, 10),
        lambda: api.authorize_channel(token, "1.2", "private-aircall"),
        lambda: api.refresh_access(token),
    ]
    sandbox.expire_access_tokens()

    for ask in requests:
        with pytest.raises(UnauthorizedError, match="Unauthorized"):
            ask()
    assert sandbox.counters().archive_flips == sandbox.counters().notes_added == 0


@pytest.mark.parametrize(
    "token", ["", "höhö", "a b", "a\r\nX-Evil: 1", "x" * 10_000], ids=lambda t: repr(t)[:12]
)
def test_an_impossible_token_is_never_sent(api: ApiClient, token: str, sandbox: Sandbox) -> None:
    with pytest.raises(UnauthorizedError):
        api.me(token)

    assert sandbox.counters().requests == 0


def test_pages_contain_every_call_once(api: ApiClient, token: str, sandbox: Sandbox) -> None:
    pages = [api.get_calls(token, offset, 30) for offset in range(0, 94, 30)]

    assert [call.to_json() for page in pages for call in page.calls] == sandbox.calls()
    assert [len(page.calls) for page in pages] == [30, 30, 30, 4]
    assert [page.has_next_page for page in pages] == [True, True, True, False]
    assert {page.total_count for page in pages} == {94}


def test_the_whole_list_comes_in_one_page(api: ApiClient, token: str) -> None:
    assert len(api.get_calls(token, 0, 10_000).calls) == 94


def test_a_page_past_the_end_is_empty(api: ApiClient, token: str) -> None:
    page = api.get_calls(token, 500, 10)

    assert (page.calls, page.has_next_page, page.total_count) == ((), False, 94)


@pytest.mark.parametrize(
    ("told", "total"), [(0, 0), (-1, None), (10**9, 10**9), (None, None), (94.5, None), ("many", None)]
)
def test_a_wrong_total_hides_no_call(
    api: ApiClient, token: str, sandbox: Sandbox, told: object, total: int | None
) -> None:
    sandbox.wrong_total(told)

    page = api.get_calls(token, 0, 10)

    assert (len(page.calls), page.total_count) == (10, total)


def test_one_call_is_read_unchanged(api: ApiClient, token: str, sandbox: Sandbox) -> None:
    truth = sandbox.add_call(caller="+33612345678", call_type="voicemail", duration=1500)

    call = api.get_call(token, truth["id"])

    assert call.to_json() == truth
    assert (call.caller, call.call_type, call.duration) == (
        "+33612345678",
        "voicemail",
        timedelta(seconds=1.5),
    )


def test_an_empty_answer_means_that_there_is_no_such_call(api: ApiClient, token: str) -> None:
    with pytest.raises(NotFoundError):
        api.get_call(token, NO_CALL)


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"null"), (200, b" \n"), (404, b'{"message":"Not found"}')]
)
def test_null_blank_and_404_mean_not_found(
    api: ApiClient, token: str, sandbox: Sandbox, status: int, body: bytes
) -> None:
    sandbox.answer_with(status, body)

    with pytest.raises(NotFoundError):
        api.get_call(token, NO_CALL)


@pytest.mark.parametrize("call_id", NOT_IDS, ids=repr)
def test_an_invalid_id_is_not_found_without_a_request(api: ApiClient, sandbox: Sandbox, call_id: str) -> None:
    for ask in requests_about_a_call(api, "token", call_id):
        with pytest.raises(NotFoundError):
            ask()
    assert sandbox.counters().requests == 0


@pytest.mark.parametrize("content", ["Call back", "line\nbreak", "😀 é \u202eright to left", "x" * 50_000])
def test_a_note_is_added_as_it_was_written(
    api: ApiClient, token: str, sandbox: Sandbox, content: str
) -> None:
    call_id = sandbox.calls()[0]["id"]

    call = api.add_note(token, call_id, content)

    assert call.notes[0].content == content
    assert call.to_json() == sandbox.call(call_id)
    assert sandbox.counters().notes_added == 1


def test_a_note_cut_in_the_middle_of_an_emoji_can_be_read(
    api: ApiClient, token: str, sandbox: Sandbox
) -> None:
    call_id = sandbox.calls()[0]["id"]

    api.add_note(token, call_id, "cut \ud83d")

    assert api.get_call(token, call_id).notes[0].content == "cut \ufffd"
    assert len(api.get_calls(token, 0, 100).calls) == 94


def test_the_messages_about_a_bad_note_are_kept(api: ApiClient, token: str, sandbox: Sandbox) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        api.add_note(token, sandbox.calls()[0]["id"], "")

    assert caught.value.messages == ("content should not be empty",)


def test_toggling_flips_the_archive_flag_each_time(api: ApiClient, token: str, sandbox: Sandbox) -> None:
    before = Call.from_json(sandbox.calls()[0])

    states = [api.toggle_archived(token, before.id).is_archived for _ in range(3)]

    assert states == [not before.is_archived, before.is_archived, not before.is_archived]
    assert sandbox.counters().archive_flips == 3


def test_a_change_of_a_call_that_does_not_exist_is_not_found(api: ApiClient, token: str) -> None:
    with pytest.raises(NotFoundError, match="The call does not exist!"):
        api.add_note(token, NO_CALL, "Text")
    with pytest.raises(NotFoundError, match="The call does not exist!"):
        api.toggle_archived(token, NO_CALL)


def test_a_channel_is_signed_for_one_socket(api: ApiClient, token: str) -> None:
    first = api.authorize_channel(token, "1.2", "private-aircall")
    second = api.authorize_channel(token, "1.3", "private-aircall")

    key, _, signature = first.partition(":")
    assert key == "d44e3d910d38a928e0be"
    assert len(signature) == 64
    assert first != second


def test_the_channel_may_be_signed_by_another_server(sandbox: Sandbox) -> None:
    api = ApiClient("http://127.0.0.1:1", auth_endpoint=f"{sandbox.url}/pusher/auth")

    with pytest.raises(UnauthorizedError):
        api.authorize_channel("token", "1.2", "private-aircall")

    api.close()


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("ask", ENDPOINTS.values(), ids=ENDPOINTS)
def test_a_body_that_breaks_the_contract_is_malformed(
    api: ApiClient, sandbox: Sandbox, ask: Callable[[ApiClient], object], body: bytes
) -> None:
    sandbox.answer_with(200, body, times=None)

    with pytest.raises(MalformedResponseError):
        ask(api)


@pytest.mark.parametrize("body", [b"", b"null"], ids=["nothing", "null"])
@pytest.mark.parametrize("name", [name for name in ENDPOINTS if name != "get_call"])
def test_an_empty_body_is_malformed_where_one_is_promised(
    api: ApiClient, sandbox: Sandbox, name: str, body: bytes
) -> None:
    sandbox.answer_with(200, body, times=None)

    with pytest.raises(MalformedResponseError):
        ENDPOINTS[name](api)


@pytest.mark.parametrize("ask", ENDPOINTS.values(), ids=ENDPOINTS)
def test_a_truncated_body_is_no_response(
    api: ApiClient, sandbox: Sandbox, ask: Callable[[ApiClient], object]
) -> None:
    sandbox.answer_with(200, b'{"id":"787', missing=20, times=None)

    with pytest.raises(NoResponseError):
        ask(api)


def test_malformed_rows_are_left_out_and_counted_and_not_logged(
    api: ApiClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good = b'{"id":"%s"}' % CALL_ID.encode()
    bad = b'{"id":"x","from":"+33612345678","notes":[{"content":"secret"}]}'
    sandbox.answer_with(200, b'{"nodes":[%s,%s,%s,null],"totalCount":4}' % (bad, good, good))

    page = api.get_calls("a.b.c", 0, 10)

    assert [call.id for call in page.calls] == [CALL_ID]
    assert (page.malformed_count, page.duplicate_count, page.total_count) == (2, 1, 4)
    (line,) = [record for record in caplog.records if record.name.startswith("aircall")]
    assert line.getMessage() == "Left out 2 of 4 calls that cannot be read"
    assert "secret" not in caplog.text
    assert "612345678" not in caplog.text


def test_a_page_without_total_and_next_page_is_read(api: ApiClient, sandbox: Sandbox) -> None:
    sandbox.answer_with(200, b'{"nodes":[]}')

    page = api.get_calls("a.b.c", 0, 10)

    assert (page.calls, page.total_count, page.has_next_page) == ((), None, None)
