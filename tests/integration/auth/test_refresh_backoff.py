"""When a login that could not be refreshed may try again, whichever process asks."""

import pytest

from aircall.auth.login import Login
from aircall.auth.refresh import (
    ERROR_BY_NAME,
    FAILURE_TTL,
    LAST_CHANCE,
    RETRY_INTERVAL,
    URGENT_RETRY_INTERVAL,
    RefreshBackoff,
)
from aircall.errors import (
    AircallError,
    CircuitOpenError,
    MalformedResponseError,
    NoResponseError,
    ServerError,
)
from aircall.models import Tokens, User
from aircall.storage.records import RecordStore
from tests.integration.storage.stores import Stores
from tests.support.clock import StillClock


@pytest.fixture
def failures(store: RecordStore, clock: StillClock) -> RefreshBackoff:
    return RefreshBackoff(store, clock)


def login(clock: StillClock, login_id: str = "one") -> Login:
    """A login whose access token has a hundred seconds left."""
    made = Login.received(
        login_id, User(id="1", username="ann"), Tokens(access="a", refresh="r"), generation=1, now=clock.now
    )
    clock.now = made.access_expires_at - 100
    return made


def seconds_until_next_try(failures: RefreshBackoff, clock: StillClock) -> int:
    began_at, seconds = clock.now, 0
    while not failures.may_retry("one"):
        seconds += 1
        clock.now = began_at + seconds
    return seconds


@pytest.mark.parametrize("error", [ServerError("500"), CircuitOpenError("open", retry_after=1)])
def test_after_a_failure_there_is_a_pause(
    failures: RefreshBackoff, clock: StillClock, error: AircallError
) -> None:
    assert failures.may_retry("one")

    failures.record(login(clock), error)

    assert seconds_until_next_try(failures, clock) == RETRY_INTERVAL


@pytest.mark.parametrize("error", [NoResponseError("lost"), MalformedResponseError("HTML")])
def test_after_a_lost_answer_it_waits_for_the_last_chance(
    failures: RefreshBackoff, clock: StillClock, error: AircallError
) -> None:
    failures.record(login(clock), error)
    assert seconds_until_next_try(failures, clock) == 100 - LAST_CHANCE


def test_in_the_last_seconds_a_lost_answer_is_a_failure_like_any_other(
    failures: RefreshBackoff, clock: StillClock
) -> None:
    dying = login(clock)
    clock.now += 80

    failures.record(dying, NoResponseError("lost"))

    assert seconds_until_next_try(failures, clock) == RETRY_INTERVAL


def test_who_is_in_need_is_told_what_failed_moments_ago_or_since_they_asked(
    failures: RefreshBackoff, clock: StillClock
) -> None:
    failures.raise_recent("one", clock.now)
    failures.record(login(clock), ServerError("500", retry_after=7))
    failed_at = clock.now

    clock.now = failed_at + URGENT_RETRY_INTERVAL - 0.5
    with pytest.raises(ServerError) as told:
        failures.raise_recent("one", clock.now)
    assert (type(told.value), str(told.value)) == (ServerError, "500")
    assert told.value.retry_after == 7
    assert not told.value.is_executed_possible
    clock.now = failed_at + URGENT_RETRY_INTERVAL
    failures.raise_recent("one", clock.now)
    with pytest.raises(ServerError):
        failures.raise_recent("one", failed_at - 1)
    failures.raise_recent("two", failed_at - 1)


def test_a_login_that_works_again_is_forgotten_alone(failures: RefreshBackoff, clock: StillClock) -> None:
    one, two = login(clock, "one"), login(clock, "two")
    for failed in (one, two):
        failures.record(failed, ServerError("500"))

    failures.clear("one")
    failures.clear("never was")

    assert failures.may_retry("one")
    assert not failures.may_retry("two")


def test_failures_of_logins_that_are_gone_do_not_pile_up(
    failures: RefreshBackoff, clock: StillClock, stores: Stores
) -> None:
    for number in range(50):
        stores.age(RETRY_INTERVAL + FAILURE_TTL)
        failures.record(login(clock, str(number)), ServerError("500"))

    assert stores.record_count() == 1


@pytest.mark.parametrize("kind", ERROR_BY_NAME.values())
def test_what_went_wrong_is_told_as_it_was_by_whoever_else_uses_the_store(
    failures: RefreshBackoff, clock: StillClock, stores: Stores, kind: type[AircallError]
) -> None:
    other = stores.open()
    error = kind("A reason.")
    failures.record(login(clock), error)

    with pytest.raises(kind) as told:
        RefreshBackoff(other, clock).raise_recent("one", clock.now)

    assert str(told.value) == "A reason."
    assert told.value.is_executed_possible == error.is_executed_possible
    assert not RefreshBackoff(other, clock).may_retry("one")
    other.close()
