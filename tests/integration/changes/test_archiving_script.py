"""Archive as a wanted state, against an API that answers by a script: which requests follow which answers."""

import json
import logging
from contextlib import closing
from time import monotonic

import pytest

from aircall.api.client import ApiClient
from aircall.auth.client import TokenClient
from aircall.changes.archive import set_archived
from aircall.changes.errors import ConflictError, UnconfirmedError
from aircall.errors import AircallError, NoResponseError, NotFoundError, UnauthorizedError, UnreachableError
from tests.integration.api.behaviours import answer, nobody_listens, reset, say_nothing, send_and_hang_up
from tests.integration.api.hostile_http import HostileServer
from tests.support.log_lines import told

CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
FALSE, TRUE = (
    json.dumps({"id": CALL_ID, "is_archived": is_archived}).encode() for is_archived in (False, True)
)


def methods(server: HostileServer) -> list[str]:
    return [request.method for request in server.received]


def test_a_colleague_who_keeps_working_against_us_is_a_conflict() -> None:
    with (
        HostileServer(answer(FALSE)) as server,
        closing(ApiClient(server.url)) as api,
        pytest.raises(ConflictError) as caught,
    ):
        set_archived(TokenClient(api, "a.b.c"), CALL_ID, True)

    assert caught.value.last_seen.is_archived is False
    assert methods(server) == ["GET", "PUT", "PUT"]


def test_a_second_change_of_unknown_fate_is_not_repeated_either() -> None:
    with (
        HostileServer(answer(FALSE), answer(FALSE), reset, answer(TRUE)) as server,
        closing(ApiClient(server.url)) as api,
    ):
        found = set_archived(TokenClient(api, "a.b.c"), CALL_ID, True)

    assert found.call.is_archived
    # Turned over twice, or somebody else put it right: nothing that could be undone.
    assert found.is_changed is False
    assert methods(server) == ["GET", "PUT", "PUT", "GET"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, UnauthorizedError), (404, NotFoundError), (403, ConflictError), (429, ConflictError)],
)
def test_a_second_change_that_is_refused_is_a_conflict_unless_the_token_or_the_call_is_gone(
    status: int, kind: type[AircallError]
) -> None:
    with (
        HostileServer(answer(FALSE), answer(FALSE), answer(b"{}", status)) as server,
        closing(ApiClient(server.url)) as api,
        pytest.raises(kind),
    ):
        set_archived(TokenClient(api, "a.b.c"), CALL_ID, True)

    assert methods(server) == ["GET", "PUT", "PUT"]


@pytest.mark.parametrize("flag", ["", ',"is_archived":null', ',"is_archived":"true"'])
def test_an_answer_that_does_not_tell_the_state_is_looked_up(flag: str) -> None:
    untold = f'{{"id":"{CALL_ID}"{flag}}}'.encode()
    with (
        HostileServer(answer(FALSE), answer(untold), answer(TRUE)) as server,
        closing(ApiClient(server.url)) as api,
    ):
        call = set_archived(TokenClient(api, "a.b.c"), CALL_ID, True).call

    assert call.is_archived
    assert methods(server) == ["GET", "PUT", "GET"]


def test_reading_first_may_fail_and_then_nothing_is_changed() -> None:
    with (
        HostileServer(reset) as server,
        closing(ApiClient(server.url)) as api,
        pytest.raises(NoResponseError),
    ):
        set_archived(TokenClient(api, "a.b.c"), CALL_ID, True)

    assert methods(server) == ["GET"] * 3


def test_an_api_that_is_not_there_changes_nothing() -> None:
    with nobody_listens() as url, closing(ApiClient(url)) as api, pytest.raises(UnreachableError):
        set_archived(TokenClient(api, "a.b.c"), CALL_ID, True)


def test_looking_goes_on_while_the_api_is_in_trouble_which_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "aircall.changes.archive")
    trouble = [answer(b"{}", 500) for _ in range(4)]
    with (
        HostileServer(answer(FALSE), reset, *trouble, answer(FALSE), answer(TRUE)) as server,
        closing(ApiClient(server.url)) as api,
    ):
        call = set_archived(TokenClient(api, "a.b.c"), CALL_ID, True, verify_interval=0.05).call

    assert call.is_archived
    assert methods(server).count("PUT") == 1
    lines = [record for record in caplog.records if record.name == "aircall.changes.archive"]
    assert set(told(lines, "error")) == {("verifying a change", "ServerError")}


def test_a_token_that_expires_while_looking_does_not_ask_for_a_second_change() -> None:
    """An UnauthorizedError here would make the caller run it again, change included."""
    with (
        HostileServer(answer(FALSE), reset, answer(b"{}", 401)) as server,
        closing(ApiClient(server.url)) as api,
        pytest.raises(UnconfirmedError) as caught,
    ):
        set_archived(TokenClient(api, "a.b.c"), CALL_ID, True)

    assert caught.value.last_seen is None
    assert methods(server) == ["GET", "PUT", "GET"]


def test_a_call_that_is_gone_while_looking_is_not_found() -> None:
    with (
        HostileServer(answer(FALSE), send_and_hang_up(b""), answer(b"")) as server,
        closing(ApiClient(server.url)) as api,
        pytest.raises(NotFoundError),
    ):
        set_archived(TokenClient(api, "a.b.c"), CALL_ID, True)


def test_looking_ends_when_patience_does() -> None:
    with (
        HostileServer(answer(FALSE), reset, say_nothing) as server,
        closing(ApiClient(server.url, deadline=60)) as api,
    ):
        began_at = monotonic()
        with pytest.raises(UnconfirmedError) as caught:
            set_archived(TokenClient(api, "a.b.c"), CALL_ID, True, verify_timeout=0.5)

    assert monotonic() - began_at < 5
    assert caught.value.last_seen is None
    assert methods(server).count("PUT") == 1


def test_looking_pauses_after_each_look() -> None:
    with (
        HostileServer(answer(FALSE), reset, answer(FALSE)) as server,
        closing(ApiClient(server.url)) as api,
        pytest.raises(UnconfirmedError) as caught,
    ):
        set_archived(TokenClient(api, "a.b.c"), CALL_ID, True, verify_interval=0.1, verify_timeout=0.3)

    assert caught.value.last_seen is not None
    looks = methods(server)[2:]
    # At once, and after each of the pauses that end before patience does.
    assert 1 <= len(looks) <= 3
    assert set(looks) == {"GET"}


def test_a_change_that_comes_late_is_looked_for_often_enough_to_be_seen() -> None:
    not_yet = [answer(FALSE) for _ in range(5)]
    with (
        HostileServer(answer(FALSE), reset, *not_yet, answer(TRUE)) as server,
        closing(ApiClient(server.url)) as api,
    ):
        found = set_archived(TokenClient(api, "a.b.c"), CALL_ID, True)

    assert found.call.is_archived
    assert methods(server) == ["GET", "PUT"] + ["GET"] * 6
