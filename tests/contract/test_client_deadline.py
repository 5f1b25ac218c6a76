"""One deadline bounds a whole call, whatever the other side does."""

import json
from collections.abc import Callable
from contextlib import closing
from time import monotonic

import pytest

from aircall.api.client import ApiClient
from aircall.errors import AircallError, NoResponseError, UnreachableError
from tests.contract.behaviours import (
    DRIPS,
    answer,
    drip,
    nobody_accepts,
    nobody_can_get_in,
    nobody_listens,
    say_nothing,
)
from tests.contract.hostile_http import Behaviour, HostileServer
from tests.contract.under_gevent import ask_under_gevent

DEADLINE = 0.4
# A machine may be busy; without the deadline, each of these calls would take half a minute.
MARGIN = 5
PAUSE = 0.02
CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
USER = json.dumps({"id": "alice", "username": "alice"}).encode()
BEHAVIOURS = {"nothing": say_nothing} | {
    name: drip(at_once, slowly, PAUSE) for name, (at_once, slowly) in DRIPS.items()
}


def seconds_to_fail(ask: Callable[[], object], kind: type[AircallError]) -> float:
    began_at = monotonic()
    with pytest.raises(kind):
        ask()
    return monotonic() - began_at


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_reading_ends_by_its_deadline(behaviour: Behaviour) -> None:
    with HostileServer(behaviour) as server, closing(ApiClient(server.url, deadline=DEADLINE)) as api:
        seconds = seconds_to_fail(lambda: api.me("a.b.c"), NoResponseError)

    assert seconds < MARGIN * DEADLINE
    assert server.lines in (["GET /me"], ["GET /me", "GET /me"])


@pytest.mark.parametrize("name", ["nothing", "a header", "a body"])
def test_a_change_ends_by_its_deadline_and_is_sent_once(name: str) -> None:
    with HostileServer(BEHAVIOURS[name]) as server, closing(ApiClient(server.url, deadline=DEADLINE)) as api:
        seconds = seconds_to_fail(lambda: api.toggle_archived("a.b.c", CALL_ID), NoResponseError)

    assert seconds < MARGIN * DEADLINE
    assert server.lines == [f"PUT /calls/{CALL_ID}/archive"]


def test_after_a_lost_answer_there_is_time_for_another_try() -> None:
    with (
        HostileServer(say_nothing, answer(USER)) as server,
        closing(ApiClient(server.url, deadline=2)) as api,
    ):
        assert api.me("a.b.c").username == "alice"

    assert server.connections == [1, 2]


def test_a_connection_that_nobody_looks_after_ends_by_the_deadline() -> None:
    with nobody_accepts() as url, closing(ApiClient(url, deadline=DEADLINE)) as api:
        assert seconds_to_fail(lambda: api.me("a.b.c"), NoResponseError) < MARGIN * DEADLINE


def test_connecting_ends_by_the_deadline() -> None:
    with nobody_can_get_in() as url, closing(ApiClient(url, deadline=DEADLINE)) as api:
        assert seconds_to_fail(lambda: api.me("a.b.c"), UnreachableError) < MARGIN * DEADLINE


def test_a_refused_connection_is_known_at_once() -> None:
    with nobody_listens() as url, closing(ApiClient(url, deadline=60)) as api:
        assert seconds_to_fail(lambda: api.login("alice", "secret"), UnreachableError) < MARGIN


def test_one_call_may_be_given_less_time() -> None:
    with HostileServer(say_nothing) as server, closing(ApiClient(server.url, deadline=60)) as api:
        seconds = seconds_to_fail(lambda: api.get_call("a.b.c", CALL_ID, deadline=DEADLINE), NoResponseError)

    assert seconds < MARGIN * DEADLINE


@pytest.mark.parametrize("name", ["nothing", "a header"])
def test_the_deadline_holds_under_gevent_and_others_get_their_turn(name: str) -> None:
    with HostileServer(BEHAVIOURS[name]) as server:
        asked = ask_under_gevent(server.url, DEADLINE)

    assert asked.outcome == "NoResponseError"
    assert asked.seconds < MARGIN * DEADLINE
    assert asked.turns > 5


def test_a_good_answer_comes_through_under_gevent() -> None:
    with HostileServer(answer(USER)) as server:
        asked = ask_under_gevent(server.url, 20)

    assert asked.outcome == "ok"
