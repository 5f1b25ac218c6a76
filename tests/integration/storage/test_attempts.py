"""Failed attempts are counted, right ones are not, whatever is under way; in memory and in Redis alike."""

import pytest

from aircall.storage.attempts import AttemptStore, Limit, MemoryAttempts, RedisAttempts
from aircall.storage.redis import connect
from tests.support.clock import StillClock
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

THREE = Limit("test", 3, 600.0)


@pytest.fixture(params=["memory", "redis"])
def attempts(request: pytest.FixtureRequest) -> AttemptStore:
    """A count without attempts."""
    if request.param == "memory":
        return MemoryAttempts()
    server: RedisServer = request.getfixturevalue("redis")
    return RedisAttempts(connect(server.url))


def fail(attempts: AttemptStore, name: str, key: str = "a", limit: Limit = THREE) -> bool:
    """Make an attempt that fails; whether it could be made."""
    is_taken = attempts.take(limit, key, name).is_taken
    if is_taken:
        attempts.leave(limit, key, name, has_failed=True)
    return is_taken


def test_as_many_fail_as_may_and_others_are_told_how_long_to_wait(attempts: AttemptStore) -> None:
    assert [fail(attempts, f"{number}") for number in range(5)] == [True, True, True, False, False]

    refused = attempts.take(THREE, "a", "late")
    assert not refused.is_taken
    assert 590 < refused.wait <= 600
    assert fail(attempts, "other", key="b")
    assert fail(attempts, "other", limit=Limit("another", 3, 600.0))


def test_those_that_succeed_never_count(attempts: AttemptStore) -> None:
    for number in range(20):
        assert attempts.take(THREE, "a", f"{number}").is_taken
        attempts.leave(THREE, "a", f"{number}", has_failed=False)

    assert [fail(attempts, f"bad {number}") for number in range(4)] == [True, True, True, False]


def test_no_more_are_under_way_than_may_fail_and_the_next_may_soon(attempts: AttemptStore) -> None:
    fail(attempts, "before")
    assert [attempts.take(THREE, "a", name).is_taken for name in "xyz"] == [True, True, False]
    assert attempts.take(THREE, "a", "z").wait == 0

    attempts.leave(THREE, "a", "x", has_failed=False)

    assert attempts.take(THREE, "a", "z").is_taken


def test_an_old_failure_counts_no_more(attempts: AttemptStore) -> None:
    short = Limit("short", 2, 0.3)
    assert [fail(attempts, name, limit=short) for name in "abc"] == [True, True, False]

    wait_until(lambda: fail(attempts, "later", limit=short), what="room for another")


def test_what_is_over_takes_no_memory() -> None:
    clock = StillClock()
    attempts = MemoryAttempts(clock)
    for number in range(3000):
        fail(attempts, "x", key=f"{number}")
        clock.now += 1

    assert len(attempts._kept) < 2000  # nothing else tells
