"""Leases of locks in Redis: renewed while the holder lives, ended soon after it or Redis has gone."""

import threading
from collections.abc import Iterator

import pytest
from redis import Redis
from redis.exceptions import RedisError, TimeoutError

from aircall.storage.redis import RedisLocks, RedisRecordStore, connect
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

# A lease and the pause between two renewals where a test is to see them end, in seconds.
LEASE, ROUND = 0.6, 0.05
LONG, VERIFY_TIMEOUT = 3600.0, 10.0


@pytest.fixture
def locks(own_redis: RedisServer) -> Iterator[RedisLocks]:
    """Locks of short leases in it."""
    client = connect(own_redis.url)
    locks = RedisLocks(client, "lock:", lease=LEASE, round_pause=ROUND)
    yield locks
    locks.close()
    client.close()


def test_a_lock_that_is_held_longer_than_its_lease_stays_held(
    own_redis: RedisServer, locks: RedisLocks
) -> None:
    with locks.hold("a", 0):
        wait_until(lambda: renewals(own_redis) > 2 * LEASE / ROUND, what="two leases' renewals")

        with locks.hold("a", 0) as is_held:
            assert not is_held
    with locks.hold("a", 0) as is_held:
        assert is_held


def test_the_lock_of_a_holder_that_is_gone_is_free_after_its_lease(
    own_redis: RedisServer, locks: RedisLocks
) -> None:
    gone = RedisLocks(connect(own_redis.url), "lock:", lease=LEASE, round_pause=LONG)
    with gone.hold("a", 0), locks.hold("a", 0) as at_once, locks.hold("a", VERIFY_TIMEOUT) as is_held:
        assert not at_once
        assert is_held
    gone.close()


def test_who_lost_a_lock_does_not_take_it_from_who_has_it_now(
    own_redis: RedisServer, locks: RedisLocks
) -> None:
    slow = RedisLocks(connect(own_redis.url), "lock:", lease=LEASE, round_pause=LONG)
    lost = slow.hold("a", 0)
    assert lost.__enter__()

    with locks.hold("a", VERIFY_TIMEOUT) as is_held:
        assert is_held
        lost.__exit__(None, None, None)
        with locks.hold("a", 0) as is_free:
            assert not is_free
    slow.close()


def test_giving_a_lock_back_raises_nothing_when_redis_has_gone_away(
    own_redis: RedisServer, locks: RedisLocks
) -> None:
    with locks.hold("a", 0) as is_held:
        own_redis.kill()

    assert is_held


@pytest.mark.parametrize("is_held", [True, False], ids=["given back", "asked for"])
def test_a_lock_is_free_soon_after_redis_was_frozen_while_it_was(
    own_redis: RedisServer, is_held: bool
) -> None:
    client = connect(own_redis.url)
    locks = RedisLocks(client, "lock:", lease=LONG, round_pause=ROUND)
    if is_held:
        with locks.hold("a", 0):
            own_redis.freeze()
    else:
        own_redis.freeze()
        with pytest.raises(TimeoutError), locks.hold("a", 0):
            pass

    own_redis.thaw()

    wait_until(lambda: own_redis.execute("EXISTS", "lock:a") == 0, what="a free lock")
    locks.close()
    client.close()


def test_a_lock_is_held_again_soon_after_redis_has_lost_it(own_redis: RedisServer, locks: RedisLocks) -> None:
    with locks.hold("a", 0):
        own_redis.execute("FLUSHALL")

        wait_until(lambda: own_redis.execute("EXISTS", "lock:a") == 1, what="the lock")
        with locks.hold("a", 0) as is_held:
            assert not is_held
    assert own_redis.execute("EXISTS", "lock:a") == 0


def test_what_was_not_even_asked_of_a_silent_redis_costs_nothing_later(own_redis: RedisServer) -> None:
    client = connect(own_redis.url)
    locks = RedisLocks(client, "lock:", lease=LONG, round_pause=ROUND)
    own_redis.freeze()
    for number in range(50):
        with pytest.raises(TimeoutError), locks.hold(str(number), 0):
            pass
    own_redis.thaw()
    wait_until(lambda: answers(client), what="an answer")

    with locks.hold("last", 0):
        wait_until(lambda: calls_of(own_redis, "pexpire") >= 3, what="rounds")
        # But for the first of the fifty, which may have been made, none is looked after.
        assert renewals(own_redis) - calls_of(own_redis, "pexpire") < 10
    locks.close()
    client.close()


def test_closing_ends_the_thread_that_renews(own_redis: RedisServer) -> None:
    store = RedisRecordStore(connect(own_redis.url))
    before = threading.active_count()
    with store.lock("a", 0):
        assert threading.active_count() == before + 1

    store.close()

    assert threading.active_count() == before


def renewals(server: RedisServer) -> int:
    """How often leases were renewed: the only scripts that are run meanwhile."""
    return calls_of(server, "evalsha")


def calls_of(server: RedisServer, command: str) -> int:
    return int(server.execute("INFO", "commandstats").get(f"cmdstat_{command}", {}).get("calls", 0))


def answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False
