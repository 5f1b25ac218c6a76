"""Every endpoint of the API against the sandbox, and bodies that break the contract."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from aircall.api.client import ApiClient
from aircall.errors import MalformedResponseError, NotFoundError, UnauthorizedError
from aircall.models import Call, User
from tests.integration.api.asking import CALL_ID, ENDPOINTS
from tests.support.sandbox import Sandbox

ALICE = User(id="alice", username="alice")
NO_CALL = "00000000-0000-4000-8000-000000000000"
NOT_IDS = ["", "a b", "../me", "..%2Fme", f"{NO_CALL}/archive", f"{NO_CALL}?x=1", "7876e2eb\r\n"]
EMPTY = [b"", b"null"]
BODIES = [*EMPTY, b"<!doctype html><title>It works!</title>", b"[]", b'"ok"', b"42", b'{"statusCode":200}']


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[ApiClient]:
    with closing(ApiClient(sandbox.url)) as client:
        yield client


@pytest.fixture
def token(api: ApiClient) -> str:
    return api.login("alice", "secret").tokens.access


def requests_about_a_call(api: ApiClient, token: str, call_id: str) -> list[Callable[[], object]]:
    return [
        lambda: api.get_call(token, call_id),
        lambda: api.add_note(token, call_id, "Text"),
        lambda: api.toggle_archived(token, call_id),
    ]


def test_a_login_and_both_ways_to_refresh_it_give_tokens_that_work(api: ApiClient) -> None:
    first = api.login("alice", "secret")
    second = api.refresh(first.tokens.refresh or "")
    third = api.refresh_access(second.tokens.access)

    access = [grant.tokens.access for grant in (first, second, third)]
    assert (
        [grant.user for grant in (first, second, third)] == [api.me(token) for token in access] == [ALICE] * 3
    )
    assert len({*access, first.tokens.refresh, second.tokens.refresh}) == 5
    assert third.tokens.refresh is None


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


def test_pages_contain_every_call_once_as_it_is_read_alone(
    api: ApiClient, token: str, sandbox: Sandbox
) -> None:
    pages = [api.get_calls(token, offset, 30) for offset in range(0, 124, 30)]

    assert [call.to_json() for page in pages for call in page.calls] == sandbox.calls()
    assert [len(page.calls) for page in pages] == [30, 30, 30, 4, 0]
    assert [page.has_next_page for page in pages] == [True, True, True, False, False]
    assert {page.total_count for page in pages} == {94}
    whole = api.get_calls(token, 0, 10_000).calls
    assert len(whole) == 94
    assert api.get_call(token, whole[0].id) == whole[0]


def test_an_empty_answer_and_404_mean_that_there_is_no_such_call(
    api: ApiClient, token: str, sandbox: Sandbox
) -> None:
    with pytest.raises(NotFoundError):
        api.get_call(token, NO_CALL)
    for status, body in ((200, b"null"), (200, b" \n"), (404, b'{"message":"Not found"}')):
        sandbox.answer_with(status, body)
        with pytest.raises(NotFoundError):
            api.get_call(token, CALL_ID)
    for change in requests_about_a_call(api, token, NO_CALL)[1:]:
        with pytest.raises(NotFoundError, match="The call does not exist!"):
            change()


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


def test_toggling_flips_the_archive_flag_each_time(api: ApiClient, token: str, sandbox: Sandbox) -> None:
    before = Call.from_json(sandbox.calls()[0])

    states = [api.toggle_archived(token, before.id).is_archived for _ in range(3)]

    assert states == [not before.is_archived, before.is_archived, not before.is_archived]
    assert sandbox.counters().archive_flips == 3


def test_a_channel_is_signed_for_one_socket(api: ApiClient, token: str) -> None:
    first = api.authorize_channel(token, "1.2", "private-aircall")
    second = api.authorize_channel(token, "1.3", "private-aircall")

    key, _, signature = first.partition(":")
    assert key == "d44e3d910d38a928e0be"
    assert len(signature) == 64
    assert first != second


def test_the_channel_may_be_signed_by_another_server(sandbox: Sandbox) -> None:
    with (
        closing(ApiClient("http://127.0.0.1:1", auth_endpoint=f"{sandbox.url}/pusher/auth")) as api,
        pytest.raises(UnauthorizedError),
    ):
        api.authorize_channel("token", "1.2", "private-aircall")


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_body_that_breaks_the_contract_is_malformed(
    api: ApiClient, sandbox: Sandbox, name: str, body: bytes
) -> None:
    sandbox.answer_with(200, body, times=None)
    is_no_such_call = name == "get_call" and body in EMPTY

    with pytest.raises(NotFoundError if is_no_such_call else MalformedResponseError):
        ENDPOINTS[name](api)


def test_malformed_rows_are_left_out_and_counted_and_not_logged(
    api: ApiClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good = b'{"id":"%s"}' % CALL_ID.encode()
    bad = b'{"id":"x/y","from":"+33612345678","notes":[{"content":"secret"}]}'
    sandbox.answer_with(200, b'{"nodes":[%s,%s,%s,null],"totalCount":4}' % (bad, good, good))

    page = api.get_calls("a.b.c", 0, 10)

    assert [call.id for call in page.calls] == [CALL_ID]
    assert (page.malformed_count, page.duplicate_count, page.total_count) == (2, 1, 4)
    (line,) = [record for record in caplog.records if record.name.startswith("aircall")]
    assert line.levelno == logging.WARNING
    assert "2 of 4 calls" in line.getMessage()
    assert "secret" not in caplog.text
    assert "612345678" not in caplog.text
