"""Archive as a desired state: whatever fails, one toggle at most is made, and the result is the truth."""

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from aircall.api.client import ApiClient
from aircall.auth.logins import TokenClient
from aircall.changes.errors import ConflictError, UnconfirmedError
from aircall.changes.service import ensure_archived
from aircall.errors import NoResponseError, NotFoundError, UnauthorizedError, UnreachableError, error_for
from tests.integration.api.behaviours import answer, nobody_listens, reset, say_nothing, send_and_hang_up
from tests.integration.api.hostile_http import Behaviour, HostileServer
from tests.integration.changes.conftest import Services, inbox, services_on
from tests.support.log_lines import told
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# Seconds. One attempt may take five eighths of the deadline.
DEADLINE, SLOW = 1.6, 1.5
NO_CALL = "00000000-0000-4000-8000-000000000000"
CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
FALSE, TRUE = (
    json.dumps({"id": CALL_ID, "is_archived": is_archived}).encode() for is_archived in (False, True)
)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[TokenClient]:
    with closing(ApiClient(sandbox.url, deadline=DEADLINE)) as api:
        yield TokenClient(api, api.login("alice", "secret").tokens.access)


@pytest.fixture
def call_id(sandbox: Sandbox) -> str:
    """A call that is not archived."""
    return inbox(sandbox)[0]


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("is_change", [True, False])
def test_a_call_is_toggled_only_if_it_is_not_as_wanted(
    client: TokenClient, sandbox: Sandbox, wanted: bool, is_change: bool
) -> None:
    before = next(call for call in sandbox.calls() if (call["is_archived"] is wanted) is not is_change)

    result = ensure_archived(client, before["id"], wanted)

    assert result.is_changed is is_change
    assert result.call.is_archived is wanted
    assert result.call.to_json() == sandbox.call(before["id"])
    assert sandbox.counters().archive_flips == is_change


Fault = Callable[[Sandbox, str, bool], None]
# Faults of the archive endpoint at a path that may be executed all the same.
FAULTS: dict[str, Fault] = {
    "a reset": lambda api, path, applied: api.reset_after_send(path=path, applied=applied),
    "500": lambda api, path, applied: api.answer_with(500, b"{}", path=path, applied=applied),
    "502": lambda api, path, applied: api.answer_with(502, b"<html>", path=path, applied=applied),
    "503": lambda api, path, applied: api.answer_503(path=path, applied=applied),
    "malformed": lambda api, path, applied: api.answer_with(200, b"{", path=path, applied=applied),
    "empty": lambda api, path, applied: api.answer_with(200, b"", path=path, applied=applied),
    "short": lambda api, path, applied: api.answer_with(200, b"{", path=path, applied=applied, missing=9),
}
SLOW_ANSWERS: dict[str, Fault] = {
    "a slow answer": lambda api, path, _: api.be_slow(SLOW, times=1, path=path, applied=True),
    "slow work": lambda api, path, _: api.be_slow(SLOW, times=1, path=path),
    "no answer": lambda api, path, _: api.apply_and_never_answer(path=path, seconds=SLOW),
}


@pytest.mark.parametrize("fault", (FAULTS | SLOW_ANSWERS).values(), ids=FAULTS | SLOW_ANSWERS)
def test_a_toggle_whose_response_is_lost_is_verified_and_not_repeated(
    client: TokenClient, sandbox: Sandbox, call_id: str, fault: Fault
) -> None:
    fault(sandbox, f"/calls/{call_id}/archive", True)

    result = ensure_archived(client, call_id, True, verify_interval=0.05, verify_timeout=5.0)

    assert result.is_changed is result.call.is_archived is True
    assert result.call.to_json() == sandbox.call(call_id)
    assert sandbox.counters().archive_flips == 1


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_toggle_that_does_not_show_in_time_is_unconfirmed(
    client: TokenClient, sandbox: Sandbox, call_id: str, fault: Fault
) -> None:
    fault(sandbox, f"/calls/{call_id}/archive", False)

    with pytest.raises(UnconfirmedError) as caught:
        ensure_archived(client, call_id, True, verify_interval=0.05, verify_timeout=0.3)

    assert caught.value.last_seen is not None
    assert caught.value.last_seen.is_archived is sandbox.call(call_id)["is_archived"] is False
    assert sandbox.counters().archive_flips == 0


def test_without_a_token_or_call_nothing_changes(client: TokenClient, sandbox: Sandbox, call_id: str) -> None:
    with pytest.raises(NotFoundError):
        ensure_archived(client, NO_CALL, True)
    sandbox.expire_access_tokens()
    with pytest.raises(UnauthorizedError):
        ensure_archived(client, call_id, True)

    assert sandbox.counters().archive_flips == 0


# Colleagues who toggle the same call


def test_a_colleagues_toggle_that_ours_has_undone_is_restored(sandbox: Sandbox, call_id: str) -> None:
    sandbox.be_slow(30, times=1, path=f"/calls/{call_id}/archive")

    with ThreadPoolExecutor(1) as pool, closing(ApiClient(sandbox.url)) as patient:
        client = TokenClient(patient, patient.login("alice", "secret").tokens.access)
        count = sandbox.counters().requests
        ours = pool.submit(ensure_archived, client, call_id, True)
        wait_until(lambda: sandbox.counters().requests == count + 2, what="our toggle in flight")
        sandbox.archive(call_id)
        sandbox.clear_faults()
        result = ours.result(20)

    assert result.is_changed is False, "it was the colleague who archived it"
    assert result.call.is_archived is sandbox.call(call_id)["is_archived"] is True
    assert sandbox.counters().archive_flips_by_call == {call_id: 2}


@pytest.mark.parametrize("status", [429, 503])
def test_a_conflict_that_cannot_be_restored_is_reported_and_the_replica_shows_it(
    sandbox: Sandbox, tmp_path: Path, call_id: str, status: int
) -> None:
    path = f"/calls/{call_id}/archive"
    with services_on(ApiClient(sandbox.url), tmp_path) as services, ThreadPoolExecutor(1) as pool:
        services.changes.read_call(services.alice.id, call_id)
        sandbox.be_slow(2, times=1, path=path)
        if status == 429:
            sandbox.answer_with(429, b"{}", path=path)
        else:
            sandbox.answer_503(path=path, retry_after=1)
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

    with pytest.raises(UnconfirmedError):
        services.changes.set_archived(services.alice.id, call_id, True)

    assert services.known(call_id).notes[0].content == "A colleague's"
    assert not services.known(call_id).is_archived


# Against a script of responses: which requests follow which responses


@contextmanager
def scripted(*responses: Behaviour, deadline: float = 7.0) -> Iterator[tuple[TokenClient, list[str]]]:
    """A client of an API that answers so, and the methods of its requests, which are there at the end."""
    methods: list[str] = []
    with HostileServer(*responses) as server, closing(ApiClient(server.url, deadline=deadline)) as api:
        yield TokenClient(api, "a.b.c"), methods
        methods += [request.method for request in server.received]


def test_a_colleague_who_keeps_toggling_is_a_conflict() -> None:
    with scripted(answer(FALSE)) as (client, methods), pytest.raises(ConflictError) as caught:
        ensure_archived(client, CALL_ID, True)

    assert caught.value.last_seen.is_archived is False
    assert methods == ["GET", "PUT", "PUT"]


def test_a_second_toggle_of_unknown_outcome_is_not_repeated() -> None:
    with scripted(answer(FALSE), answer(FALSE), reset, answer(TRUE)) as (client, methods):
        result = ensure_archived(client, CALL_ID, True)

    assert result.call.is_archived
    # Toggled twice, or restored by another client: nothing that could be undone.
    assert result.is_changed is False
    assert methods == ["GET", "PUT", "PUT", "GET"]


@pytest.mark.parametrize("status", [401, 404, 403, 429])
@pytest.mark.parametrize("toggle_count", [1, 2])
def test_a_refused_toggle_is_not_repeated_a_second_is_a_conflict(status: int, toggle_count: int) -> None:
    is_conflict = toggle_count == 2 and status in (403, 429)
    with (
        scripted(*[answer(FALSE)] * toggle_count, answer(b"{}", status)) as (client, methods),
        pytest.raises(ConflictError if is_conflict else type(error_for(status, []))),
    ):
        ensure_archived(client, CALL_ID, True)

    assert methods == ["GET", *["PUT"] * toggle_count]


@pytest.mark.parametrize("flag", ["", ',"is_archived":null', ',"is_archived":"true"'])
def test_a_response_without_the_state_is_verified(flag: str) -> None:
    unclear = f'{{"id":"{CALL_ID}"{flag}}}'.encode()
    with scripted(answer(FALSE), answer(unclear), answer(TRUE)) as (client, methods):
        assert ensure_archived(client, CALL_ID, True).call.is_archived

    assert methods == ["GET", "PUT", "GET"]


def test_nothing_is_toggled_if_the_first_read_fails() -> None:
    with scripted(reset) as (client, methods), pytest.raises(NoResponseError):
        ensure_archived(client, CALL_ID, True)
    with nobody_listens() as url, closing(ApiClient(url)) as api, pytest.raises(UnreachableError):
        ensure_archived(TokenClient(api, "a.b.c"), CALL_ID, True)

    assert methods == ["GET"] * 3


def test_verifying_goes_on_while_the_api_fails_which_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "aircall.changes.service")
    errors = [answer(b"{}", 500) for _ in range(4)]
    with scripted(answer(FALSE), reset, *errors, answer(FALSE), answer(TRUE)) as (client, methods):
        assert ensure_archived(client, CALL_ID, True, verify_interval=0.05).call.is_archived

    assert methods.count("PUT") == 1
    lines = [record for record in caplog.records if record.name == "aircall.changes.service"]
    assert set(told(lines, "error")) == {("verifying a change", "ServerError")}


def test_a_token_that_expires_while_verifying_does_not_cause_a_second_toggle() -> None:
    # An UnauthorizedError would make the caller run everything again, the toggle included.
    with (
        scripted(answer(FALSE), reset, answer(b"{}", 401)) as (client, methods),
        pytest.raises(UnconfirmedError) as caught,
    ):
        ensure_archived(client, CALL_ID, True)

    assert caught.value.last_seen is None
    assert methods == ["GET", "PUT", "GET"]


def test_a_call_that_is_deleted_while_verifying_is_not_found() -> None:
    with (
        scripted(answer(FALSE), send_and_hang_up(b""), answer(b"")) as (client, _),
        pytest.raises(NotFoundError),
    ):
        ensure_archived(client, CALL_ID, True)


def test_verifying_ends_with_its_timeout_even_during_a_read() -> None:
    began_at = monotonic()
    with (
        scripted(answer(FALSE), reset, say_nothing, deadline=60) as (client, methods),
        pytest.raises(UnconfirmedError) as caught,
    ):
        ensure_archived(client, CALL_ID, True, verify_timeout=0.5)

    assert monotonic() - began_at < 5
    assert caught.value.last_seen is None
    assert methods.count("PUT") == 1


def test_verifying_pauses_after_each_read() -> None:
    with scripted(answer(FALSE), reset, answer(FALSE)) as (client, methods), pytest.raises(UnconfirmedError):
        ensure_archived(client, CALL_ID, True, verify_interval=0.1, verify_timeout=0.3)

    # At once, and after each of the pauses within the timeout.
    assert methods[2:] in (["GET"], ["GET"] * 2, ["GET"] * 3)


def test_a_late_toggle_is_seen_with_the_default_timings() -> None:
    not_yet = [answer(FALSE) for _ in range(5)]
    with scripted(answer(FALSE), reset, *not_yet, answer(TRUE)) as (client, methods):
        assert ensure_archived(client, CALL_ID, True).call.is_archived

    assert methods == ["GET", "PUT"] + ["GET"] * 6
