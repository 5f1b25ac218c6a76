"""Archive as a desired state: whatever fails, one toggle at most is made, and the result is the truth."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from aircall.api.client import ApiClient
from aircall.auth.logins import TokenClient
from aircall.changes.errors import ConflictError, UnconfirmedError
from aircall.changes.service import ArchiveResult, ensure_archived
from aircall.errors import AircallError, NoResponseError, NotFoundError, UnreachableError, error_for
from tests.integration.api.behaviours import answer, nobody_listens, reset, say_nothing, send_and_hang_up
from tests.integration.api.hostile_http import Behaviour, HostileServer
from tests.integration.changes.conftest import UNKNOWN_OUTCOME, Services, inbox, services_on
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# Seconds. One attempt may take five eighths of the deadline.
DEADLINE, SLOW = 1.6, 1.5
CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
INBOX, ARCHIVED = (
    answer(json.dumps({"id": CALL_ID, "is_archived": is_archived}).encode()) for is_archived in (False, True)
)
SLOW_ANSWERS: dict[str, Callable[[Sandbox, str, bool], None]] = {
    "a slow answer": lambda api, path, _: api.be_slow(SLOW, times=1, path=path, applied=True),
    "slow work": lambda api, path, _: api.be_slow(SLOW, times=1, path=path),
    "no answer": lambda api, path, _: api.apply_and_never_answer(path=path, seconds=SLOW),
}
LOST_ANSWERS = UNKNOWN_OUTCOME | SLOW_ANSWERS


@pytest.fixture
def call_id(sandbox: Sandbox) -> str:
    """A call that is not archived."""
    return inbox(sandbox)[0]


@pytest.mark.parametrize("fault", LOST_ANSWERS.values(), ids=LOST_ANSWERS)
def test_a_toggle_whose_response_is_lost_is_verified_and_not_repeated(
    sandbox: Sandbox, call_id: str, fault: Callable[[Sandbox, str, bool], None]
) -> None:
    with closing(ApiClient(sandbox.url, deadline=DEADLINE)) as api:
        client = TokenClient(api, api.login("alice", "secret").tokens.access)
        fault(sandbox, f"/calls/{call_id}/archive", True)

        result = ensure_archived(client, call_id, True, verify_interval=0.05, verify_timeout=5.0)

    assert result.is_changed is result.call.is_archived is True
    assert result.call.to_json() == sandbox.call(call_id)
    assert sandbox.counters().archive_flips == 1


# What a change that has failed has seen


def test_a_conflict_that_cannot_be_restored_is_reported_and_the_replica_shows_it(
    sandbox: Sandbox, tmp_path: Path, call_id: str
) -> None:
    path = f"/calls/{call_id}/archive"
    with services_on(ApiClient(sandbox.url), tmp_path) as services, ThreadPoolExecutor(1) as pool:
        services.changes.read_call(services.alice.id, call_id)
        sandbox.be_slow(2, times=1, path=path)
        sandbox.answer_with(429, b"{}", path=path)
        count = sandbox.counters().requests
        ours = pool.submit(services.changes.set_archived, services.alice.id, call_id, True)
        wait_until(lambda: sandbox.counters().requests == count + 2, what="our toggle in flight")
        sandbox.archive(call_id)
        sandbox.add_note(call_id, "A colleague's")

        with pytest.raises(ConflictError) as caught:
            ours.result(20)

        assert caught.value.last_seen.is_archived is sandbox.call(call_id)["is_archived"] is False
        assert services.known(call_id).notes[0].content == "A colleague's"


def test_an_unconfirmed_toggle_updates_the_replica_with_what_was_seen(
    services: Services, sandbox: Sandbox, call_id: str
) -> None:
    services.changes.read_call(services.alice.id, call_id)
    sandbox.add_note(call_id, "A colleague's")
    sandbox.reset_after_send(path=f"/calls/{call_id}/archive")
    count = sandbox.counters().requests

    with ThreadPoolExecutor(1) as pool:
        ours = pool.submit(services.changes.set_archived, services.alice.id, call_id, True)
        # It verifies for the second time. An expired token ends that sooner than its timeout.
        wait_until(lambda: sandbox.counters().requests >= count + 4, what="verifying")
        sandbox.expire_access_tokens()
        with pytest.raises(UnconfirmedError):
            ours.result(20)

    assert services.known(call_id).notes[0].content == "A colleague's"
    assert not services.known(call_id).is_archived


# Against a script of responses: which requests follow which responses


def archive(
    *responses: Behaviour, deadline: float = 7.0, **waits: float
) -> tuple[ArchiveResult | AircallError, list[str]]:
    """Archive a call at an API that answers so; return what comes of it, and the methods of the requests."""
    outcome: ArchiveResult | AircallError
    with HostileServer(*responses) as server, closing(ApiClient(server.url, deadline=deadline)) as api:
        try:
            outcome = ensure_archived(TokenClient(api, "a.b.c"), CALL_ID, True, **waits)
            assert outcome.call.is_archived
        except AircallError as error:
            outcome = error
        return outcome, [request.method for request in server.received]


def test_a_colleague_who_keeps_toggling_is_a_conflict() -> None:
    outcome, methods = archive(INBOX)

    assert isinstance(outcome, ConflictError)
    assert outcome.last_seen.is_archived is False
    assert methods == ["GET", "PUT", "PUT"]


def test_a_second_toggle_of_unknown_outcome_is_not_repeated() -> None:
    outcome, methods = archive(INBOX, INBOX, reset, ARCHIVED)

    assert isinstance(outcome, ArchiveResult)
    # Toggled twice, or restored by another client: nothing that could be undone.
    assert outcome.is_changed is False
    assert methods == ["GET", "PUT", "PUT", "GET"]


@pytest.mark.parametrize("status", [401, 404, 403, 429])
@pytest.mark.parametrize("toggle_count", [1, 2])
def test_a_refused_toggle_is_not_repeated_a_second_is_a_conflict(status: int, toggle_count: int) -> None:
    outcome, methods = archive(*[INBOX] * toggle_count, answer(b"{}", status))

    is_conflict = toggle_count == 2 and status in (403, 429)
    assert type(outcome) is (ConflictError if is_conflict else type(error_for(status, [])))
    assert methods == ["GET", *["PUT"] * toggle_count]


@pytest.mark.parametrize("flag", ["", ',"is_archived":null', ',"is_archived":"true"'])
def test_a_response_without_the_state_is_verified(flag: str) -> None:
    outcome, methods = archive(INBOX, answer(f'{{"id":"{CALL_ID}"{flag}}}'.encode()), ARCHIVED)

    assert isinstance(outcome, ArchiveResult)
    assert methods == ["GET", "PUT", "GET"]


def test_nothing_is_toggled_if_the_first_read_fails() -> None:
    outcome, methods = archive(reset)

    assert isinstance(outcome, NoResponseError)
    assert set(methods) == {"GET"}
    with nobody_listens() as url, closing(ApiClient(url)) as api, pytest.raises(UnreachableError):
        ensure_archived(TokenClient(api, "a.b.c"), CALL_ID, True)


def test_verifying_goes_on_while_the_api_fails() -> None:
    errors = [answer(b"{}", 500) for _ in range(4)]

    outcome, methods = archive(INBOX, reset, *errors, INBOX, ARCHIVED, verify_interval=0.05)

    assert isinstance(outcome, ArchiveResult)
    assert methods.count("PUT") == 1


@pytest.mark.parametrize(
    ("end", "error"), [(answer(b"{}", 401), UnconfirmedError), (answer(b""), NotFoundError)]
)
def test_verifying_ends_with_token_or_call_without_a_second_toggle(
    end: Behaviour, error: type[AircallError]
) -> None:
    outcome, methods = archive(INBOX, send_and_hang_up(b""), end)

    # An UnauthorizedError would make the caller run everything again, the toggle included.
    assert type(outcome) is error
    assert getattr(outcome, "last_seen", None) is None
    assert methods == ["GET", "PUT", "GET"]


def test_verifying_ends_with_its_timeout_even_during_a_read() -> None:
    began_at = monotonic()
    outcome, methods = archive(INBOX, reset, say_nothing, deadline=60, verify_timeout=0.5)

    # Far less than the deadline.
    assert monotonic() - began_at < 30
    assert isinstance(outcome, UnconfirmedError)
    assert outcome.last_seen is None
    assert methods.count("PUT") == 1


def test_a_late_toggle_is_seen_with_the_default_timings_which_pause_between_two_reads() -> None:
    began_at = monotonic()
    outcome, methods = archive(INBOX, reset, *[INBOX] * 5, ARCHIVED)

    assert isinstance(outcome, ArchiveResult)
    assert methods == ["GET", "PUT"] + ["GET"] * 6
    assert monotonic() - began_at > 1
