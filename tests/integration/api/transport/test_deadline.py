"""One deadline bounds a whole exchange, whatever the other side does, and other greenlets run meanwhile."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from time import monotonic

import gevent
import pytest

from aircall.api.client import ApiClient
from aircall.errors import AircallError, NoResponseError, UnreachableError
from tests.integration.api.asking import BOUNDED, CALL, CALL_ID, USER, asking, fail_in_time
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
PAUSE = 0.02
BEHAVIOURS = {"nothing": say_nothing} | {
    name: drip(at_once, slowly, PAUSE) for name, (at_once, slowly) in DRIPS.items()
}


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
    with asking(behaviour, deadline=DEADLINE) as (server, api), turns_of_another_greenlet() as turns:
        # The deadline may end the connect of the second attempt.
        fail_in_time(lambda: api.me("a.b.c"), NoResponseError, UnreachableError)

    assert server.lines in (["GET /me"], ["GET /me", "GET /me"])
    assert len(turns) > 5


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_a_change_ends_by_its_deadline_is_sent_once_and_closes_its_connection(behaviour: Behaviour) -> None:
    with asking(behaviour, answer(CALL), deadline=DEADLINE) as (server, api):
        fail_in_time(lambda: api.toggle_archived("a.b.c", CALL_ID), NoResponseError)
        assert server.lines == [f"PUT /calls/{CALL_ID}/archive"]

        assert api.get_call("a.b.c", CALL_ID, deadline=BOUNDED).id == CALL_ID
        assert server.connections == [1, 2]
        if behaviour is not say_nothing:
            wait_until(lambda: server.ended == 1, what="the end of the first connection")


def test_after_a_lost_answer_there_is_time_for_another_try() -> None:
    with asking(say_nothing, answer(USER), deadline=2) as (server, api):
        assert api.me("a.b.c").username == "alice"

    assert server.connections == [1, 2]


@pytest.mark.parametrize(
    ("place", "kind", "deadline"),
    [
        (nobody_accepts, NoResponseError, DEADLINE),
        (partial(nobody_accepts, "https"), UnreachableError, DEADLINE),
        (nobody_can_get_in, UnreachableError, DEADLINE),
        (nobody_listens, UnreachableError, 60),
    ],
)
# A socket that is being connected when the deadline passes is closed as its last reference goes.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_an_address_that_does_not_answer_ends_by_the_deadline_and_one_that_refuses_at_once(
    place: Callable[[], AbstractContextManager[str]], kind: type[AircallError], deadline: float
) -> None:
    with place() as url, closing(ApiClient(url, deadline=deadline)) as api:
        fail_in_time(lambda: api.toggle_archived("a.b.c", CALL_ID), kind)


def test_a_slow_resolver_ends_by_the_deadline_and_nothing_was_sent() -> None:
    with (
        HostileServer(answer(CALL)) as server,
        closing(ApiClient(f"http://localhost:{server.port}", deadline=DEADLINE)) as api,
    ):
        with busy_resolver():
            fail_in_time(lambda: api.me("a.b.c"), UnreachableError)

        assert server.received == []
        assert api.get_call("a.b.c", CALL_ID, deadline=BOUNDED).id == CALL_ID


def test_one_call_may_be_given_less_time() -> None:
    with asking(say_nothing, deadline=60) as (_, api):
        ask = partial(api.get_call, "a.b.c", CALL_ID, deadline=DEADLINE)
        fail_in_time(ask, NoResponseError, UnreachableError)
