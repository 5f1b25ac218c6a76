"""Every endpoint of the API, by `ApiClient`, against the sandbox."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from aircall.api.client import ApiClient
from aircall.errors import InvalidRequestError, NotFoundError, UnauthorizedError
from aircall.models import User
from tests.support.sandbox import Sandbox

ALICE = User(id="alice", username="alice")
NO_CALL = "00000000-0000-4000-8000-000000000000"
NOT_IDS = ["", "abc", "../me", "..%2Fme", f"{NO_CALL}/archive", f"{NO_CALL}?x=1", "7876e2eb\r\n"]


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[ApiClient]:
    client = ApiClient(sandbox.url)
    yield client
    client.close()


@pytest.fixture
def token(api: ApiClient) -> str:
    return api.login("alice", "secret").tokens.access


def about_a_call(api: ApiClient, token: str, call_id: str) -> list[Callable[[], object]]:
    """Everything that can be asked about one call: reading it, and then both changes."""
    return [
        lambda: api.get_call(token, call_id),
        lambda: api.add_note(token, call_id, "Text"),
        lambda: api.toggle_archived(token, call_id),
    ]


def test_login_gives_both_tokens_and_the_user(api: ApiClient) -> None:
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


def test_refresh_gives_a_new_pair_that_works(api: ApiClient) -> None:
    old = api.login("alice", "secret").tokens
    assert old.refresh is not None

    new = api.refresh(old.refresh)

    assert new.user == ALICE
    assert len({old.access, old.refresh, new.tokens.access, new.tokens.refresh}) == 4
    assert api.me(new.tokens.access) == ALICE


def test_the_deprecated_refresh_gives_an_access_token_alone(api: ApiClient, token: str) -> None:
    grant = api.refresh_access(token)

    assert (grant.user, grant.tokens.refresh) == (ALICE, None)
    assert grant.tokens.access != token
    assert api.me(grant.tokens.access) == ALICE


def test_an_expired_token_is_unauthorized_everywhere(api: ApiClient, token: str, sandbox: Sandbox) -> None:
    requests: list[Callable[[], object]] = [
        *about_a_call(api, token, sandbox.calls()[0]["id"]),
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
def test_what_cannot_be_a_token_is_never_sent(api: ApiClient, token: str, sandbox: Sandbox) -> None:
    with pytest.raises(UnauthorizedError):
        api.me(token)

    assert sandbox.counters().requests == 0


def test_pages_of_any_size_hold_every_call_once(api: ApiClient, token: str, sandbox: Sandbox) -> None:
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
def test_a_wrong_total_costs_no_call(
    api: ApiClient, token: str, sandbox: Sandbox, told: object, total: int | None
) -> None:
    sandbox.wrong_total(told)

    page = api.get_calls(token, 0, 10)

    assert (len(page.calls), page.total_count) == (10, total)


def test_one_call_is_read_as_it_is(api: ApiClient, token: str, sandbox: Sandbox) -> None:
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
def test_null_blank_and_404_mean_the_same(
    api: ApiClient, token: str, sandbox: Sandbox, status: int, body: bytes
) -> None:
    sandbox.answer_with(status, body)

    with pytest.raises(NotFoundError):
        api.get_call(token, NO_CALL)


@pytest.mark.parametrize("call_id", NOT_IDS, ids=repr)
def test_what_is_no_id_never_enters_a_path(api: ApiClient, sandbox: Sandbox, call_id: str) -> None:
    for ask in about_a_call(api, "token", call_id):
        with pytest.raises(NotFoundError):
            ask()
    assert sandbox.counters().requests == 0
