"""One deadline bounds a whole exchange, whatever the other side does, and other greenlets run meanwhile."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from time import monotonic

import gevent
import pytest

from aircall.api.client import ApiClient
from aircall.errors import AircallError, NoResponseError, UnreachableError
from tests.integration.api.behaviours import (
    DRIPS,
    answer,
    drip,
    nobody_accepts,
    nobody_can_get_in,
    nobody_listens,
    say_nothing,
)
from tests.integration.api.hostile_http import Behaviour, HostileServer
from tests.support.waiting import wait_until

DEADLINE = 0.4
# A machine may be busy; without the deadline, each of these calls would take half a minute.
MARGIN = 5
PAUSE = 0.02
CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
USER = json.dumps({"id": "alice", "username": "alice"}).encode()
BEHAVIOURS = {"nothing": say_nothing} | {
    name: drip(at_once, slowly, PAUSE) for name, (at_once, slowly) in DRIPS.items()
}


# A socket that is being connected when the deadline passes is closed as its last reference goes.
UNFINISHED = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


def seconds_to_fail(
    ask: Callable[[], object], kind: type[AircallError] | tuple[type[AircallError], ...]
) -> float:
    began_at = monotonic()
    with pytest.raises(kind):
        ask()
    return monotonic() - began_at


@contextmanager
def busy_resolver() -> Iterator[None]:
    """Occupy every thread that resolves names for gevent."""
    pool = gevent.get_hub().threadpool
    readable, writable = os.pipe()
    readers = [pool.spawn(os.read, readable, 1) for _ in range(pool.maxsize)]
    try:
        yield
    finally:
        os.write(writable, bytes(pool.maxsize))
        for reader in readers:
            reader.get()
        os.close(readable)
        os.close(writable)


@contextmanager
def turns_of_another_greenlet() -> Iterator[list[float]]:
    turns: list[float] = []

    def take_turns() -> None:
        while True:
            gevent.sleep(0.01)
            turns.append(monotonic())

    greenlet = gevent.spawn(take_turns)
    yield turns
    greenlet.kill()


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_reading_ends_by_its_deadline(behaviour: Behaviour) -> None:
    with (
        HostileServer(behaviour) as server,
        closing(ApiClient(server.url, deadline=DEADLINE)) as api,
        turns_of_another_greenlet() as turns,
    ):
        # The deadline may end the connect of the second attempt.
        seconds = seconds_to_fail(lambda: api.me("a.b.c"), (NoResponseError, UnreachableError))

    assert seconds < MARGIN * DEADLINE
    assert server.lines in (["GET /me"], ["GET /me", "GET /me"])
    assert len(turns) > 5


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_a_change_ends_by_its_deadline_is_sent_once_and_closes_its_connection(behaviour: Behaviour) -> None:
    with (
        HostileServer(behaviour, answer(USER)) as server,
        closing(ApiClient(server.url, deadline=DEADLINE)) as api,
    ):
        seconds = seconds_to_fail(lambda: api.toggle_archived("a.b.c", CALL_ID), NoResponseError)
        sent = server.lines

        assert api.me("a.b.c").username == "alice"
        assert server.connections == [1, 2]
        if behaviour is not say_nothing:
            wait_until(lambda: server.ended == 1, what="the end of the first connection")

    assert seconds < MARGIN * DEADLINE
    assert sent == [f"PUT /calls/{CALL_ID}/archive"]


def test_after_a_lost_answer_there_is_time_for_another_try() -> None:
    with (
        HostileServer(say_nothing, answer(USER)) as server,
        closing(ApiClient(server.url, deadline=2)) as api,
    ):
        assert api.me("a.b.c").username == "alice"

    assert server.connections == [1, 2]


@pytest.mark.parametrize(
    ("place", "kind"), [(nobody_accepts, NoResponseError), (nobody_can_get_in, UnreachableError)]
)
@UNFINISHED
def test_an_address_that_does_not_answer_ends_by_the_deadline(
    place: Callable[[], AbstractContextManager[str]], kind: type[AircallError]
) -> None:
    with place() as url, closing(ApiClient(url, deadline=DEADLINE)) as api:
        assert seconds_to_fail(lambda: api.me("a.b.c"), kind) < MARGIN * DEADLINE


def test_a_refused_connection_is_known_at_once() -> None:
    with nobody_listens() as url, closing(ApiClient(url, deadline=60)) as api:
        assert seconds_to_fail(lambda: api.login("alice", "secret"), UnreachableError) < MARGIN


def test_a_slow_resolver_ends_by_the_deadline_and_nothing_was_sent() -> None:
    with (
        HostileServer(answer(USER)) as server,
        closing(ApiClient(f"http://localhost:{server.port}", deadline=DEADLINE)) as api,
    ):
        with busy_resolver():
            seconds = seconds_to_fail(lambda: api.me("a.b.c"), UnreachableError)

        assert seconds < MARGIN * DEADLINE
        assert server.received == []
        assert api.me("a.b.c").username == "alice"


def test_one_call_may_be_given_less_time() -> None:
    with HostileServer(say_nothing) as server, closing(ApiClient(server.url, deadline=60)) as api:
        seconds = seconds_to_fail(lambda: api.get_call("a.b.c", CALL_ID, deadline=DEADLINE), NoResponseError)

    assert seconds < MARGIN * DEADLINE
