"""Archive as a wanted state: whatever fails, one change at most is made, and what we say is true."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from aircall.api.client import ApiClient
from aircall.auth.client import TokenClient
from aircall.changes.archive import set_archived
from aircall.changes.errors import UnconfirmedError
from aircall.errors import AircallError, NotFoundError, RateLimitedError, ServerError, UnauthorizedError
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# One try takes five eighths of it.
DEADLINE = 1.6
SLOW = 1.5
VERIFY_TIMEOUT = 5.0
VERIFY_INTERVAL = 0.05
NO_CALL = "00000000-0000-4000-8000-000000000000"

# A fault that meets the change alone.
Fault = Callable[[Sandbox, str], None]


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[ApiClient]:
    client = ApiClient(sandbox.url, deadline=DEADLINE)
    yield client
    client.close()


@pytest.fixture
def token(api: ApiClient) -> str:
    return api.login("alice", "secret").tokens.access


@pytest.fixture
def call_id(sandbox: Sandbox) -> str:
    """A call that is not archived."""
    return str(next(call["id"] for call in sandbox.calls() if not call["is_archived"]))


def is_archived(sandbox: Sandbox, call_id: str) -> bool:
    return sandbox.call(call_id)["is_archived"] is True


@pytest.mark.parametrize("wanted", [True, False])
def test_a_call_is_brought_into_the_wanted_state(
    api: ApiClient, token: str, sandbox: Sandbox, wanted: bool
) -> None:
    before = next(call for call in sandbox.calls() if call["is_archived"] is not wanted)

    answer = set_archived(TokenClient(api, token), before["id"], wanted)
    call = answer.call

    assert answer.is_changed
    assert call.is_archived is wanted
    assert call.to_json() == sandbox.call(before["id"])
    assert sandbox.counters().archive_flips == 1


@pytest.mark.parametrize("wanted", [True, False])
def test_a_call_that_is_as_wanted_is_left_alone(
    api: ApiClient, token: str, sandbox: Sandbox, wanted: bool
) -> None:
    before = next(call for call in sandbox.calls() if call["is_archived"] is wanted)

    answer = set_archived(TokenClient(api, token), before["id"], wanted)
    call = answer.call

    assert not answer.is_changed
    assert call.to_json() == before
    assert sandbox.counters().archive_flips == 0


APPLIED: dict[str, Fault] = {
    "a slow answer": lambda sandbox, path: sandbox.be_slow(SLOW, times=1, path=path, applied=True),
    "slow work": lambda sandbox, path: sandbox.be_slow(SLOW, times=1, path=path),
    "no answer": lambda sandbox, path: sandbox.apply_and_never_answer(path=path, seconds=SLOW),
    "a reset": lambda sandbox, path: sandbox.reset_after_send(path=path, applied=True),
    "500": lambda sandbox, path: sandbox.answer_with(500, b"{}", path=path, applied=True),
    "502": lambda sandbox, path: sandbox.answer_with(502, b"<html>", path=path, applied=True),
    "503": lambda sandbox, path: sandbox.answer_503(path=path, applied=True),
    "an unreadable answer": lambda sandbox, path: sandbox.answer_with(200, b"{", path=path, applied=True),
    "an empty answer": lambda sandbox, path: sandbox.answer_with(200, b"", path=path, applied=True),
    "a short answer": lambda sandbox, path: sandbox.answer_with(
        200, b"{", path=path, applied=True, missing=9
    ),
}


@pytest.mark.parametrize("fault", APPLIED.values(), ids=APPLIED)
def test_a_change_whose_answer_is_lost_is_looked_up_and_not_repeated(
    api: ApiClient, token: str, sandbox: Sandbox, call_id: str, fault: Fault
) -> None:
    fault(sandbox, f"/calls/{call_id}/archive")

    answer = set_archived(
        TokenClient(api, token), call_id, True, verify_interval=VERIFY_INTERVAL, verify_timeout=VERIFY_TIMEOUT
    )

    assert answer.is_changed is True
    assert answer.call.is_archived
    assert answer.call.to_json() == sandbox.call(call_id)
    assert sandbox.counters().archive_flips == 1


LOST: dict[str, Fault] = {
    "a reset": lambda sandbox, path: sandbox.reset_after_send(path=path),
    "500": lambda sandbox, path: sandbox.answer_with(500, b"{}", path=path),
    "502": lambda sandbox, path: sandbox.answer_with(502, b"<html>", path=path),
    "503": lambda sandbox, path: sandbox.answer_503(path=path),
    "an unreadable answer": lambda sandbox, path: sandbox.answer_with(200, b"{", path=path),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_a_change_that_is_not_seen_in_time_is_unconfirmed(
    api: ApiClient, token: str, sandbox: Sandbox, call_id: str, fault: Fault
) -> None:
    fault(sandbox, f"/calls/{call_id}/archive")

    with pytest.raises(UnconfirmedError) as caught:
        set_archived(
            TokenClient(api, token), call_id, True, verify_interval=VERIFY_INTERVAL, verify_timeout=0.3
        )

    assert caught.value.last_seen is not None
    assert caught.value.last_seen.is_archived is is_archived(sandbox, call_id) is False
    assert sandbox.counters().archive_flips == 0


REFUSED: dict[str, tuple[Fault, type[AircallError]]] = {
    "401": (lambda sandbox, path: sandbox.answer_with(401, b"{}", path=path), UnauthorizedError),
    "404": (lambda sandbox, path: sandbox.answer_with(404, b"{}", path=path), NotFoundError),
    "429": (lambda sandbox, path: sandbox.answer_with(429, b"{}", path=path), RateLimitedError),
    "503, come back": (lambda sandbox, path: sandbox.answer_503(path=path, retry_after=1), ServerError),
}


@pytest.mark.parametrize(("fault", "kind"), REFUSED.values(), ids=REFUSED)
def test_a_change_that_was_refused_can_simply_be_asked_for_again(
    api: ApiClient, token: str, sandbox: Sandbox, call_id: str, fault: Fault, kind: type[AircallError]
) -> None:
    fault(sandbox, f"/calls/{call_id}/archive")

    with pytest.raises(kind):
        set_archived(TokenClient(api, token), call_id, True)
    flips_before = sandbox.counters().archive_flips
    call = set_archived(TokenClient(api, token), call_id, True).call

    assert call.is_archived is is_archived(sandbox, call_id) is True
    assert (flips_before, sandbox.counters().archive_flips) == (0, 1)


def test_an_expired_token_changes_nothing(api: ApiClient, token: str, sandbox: Sandbox, call_id: str) -> None:
    sandbox.expire_access_tokens()

    with pytest.raises(UnauthorizedError):
        set_archived(TokenClient(api, token), call_id, True)

    assert sandbox.counters().archive_flips == 0


def test_a_call_that_does_not_exist_is_not_found(api: ApiClient, token: str, sandbox: Sandbox) -> None:
    with pytest.raises(NotFoundError):
        set_archived(TokenClient(api, token), NO_CALL, True)

    assert sandbox.counters().archive_flips == 0


def test_what_a_colleague_did_meanwhile_is_made_good(token: str, sandbox: Sandbox, call_id: str) -> None:
    sandbox.be_slow(30, times=1, path=f"/calls/{call_id}/archive")
    requests_before = sandbox.counters().requests

    with ThreadPoolExecutor(1) as pool, closing(ApiClient(sandbox.url)) as patient:
        ours = pool.submit(set_archived, TokenClient(patient, token), call_id, True)
        wait_until(lambda: sandbox.counters().requests == requests_before + 2, what="our change on its way")
        sandbox.archive(call_id)
        sandbox.clear_faults()
        answer = ours.result(20)

    assert answer.is_changed is False, "it was the colleague who archived it"
    assert answer.call.is_archived is is_archived(sandbox, call_id) is True
    assert sandbox.counters().archive_flips_by_call == {call_id: 2}
