"""The API's changes and signatures, by `ApiClient`, against the sandbox."""

from collections.abc import Iterator

import pytest

from aircall.api.client import ApiClient
from aircall.errors import InvalidRequestError, NotFoundError, UnauthorizedError
from aircall.models import Call
from tests.support.sandbox import Sandbox

NO_CALL = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[ApiClient]:
    client = ApiClient(sandbox.url)
    yield client
    client.close()


@pytest.fixture
def token(api: ApiClient) -> str:
    return api.login("alice", "secret").tokens.access


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


def test_the_apis_words_about_a_bad_note_are_kept(api: ApiClient, token: str, sandbox: Sandbox) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        api.add_note(token, sandbox.calls()[0]["id"], "")

    assert caught.value.messages == ("content should not be empty",)


def test_the_archive_flag_is_turned_over_each_time(api: ApiClient, token: str, sandbox: Sandbox) -> None:
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


def test_the_channel_may_be_signed_elsewhere(sandbox: Sandbox) -> None:
    api = ApiClient("http://127.0.0.1:1", auth_endpoint=f"{sandbox.url}/pusher/auth")

    with pytest.raises(UnauthorizedError):
        api.authorize_channel("token", "1.2", "private-aircall")

    api.close()
