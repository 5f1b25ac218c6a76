"""A Redis that is shared, frozen, killed and restarted; locks that outlive their holder by their lease."""

import logging
from collections.abc import Iterator
from time import monotonic

import pytest
from redis.exceptions import ConnectionError, RedisError

from aircall.storage.records import Record
from aircall.storage.redis import (
    ANSWER_TIMEOUT,
    RedisRecordStore,
    RedisUnavailableError,
    RedisUnusableError,
    check_redis,
    connect,
)
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

LONG, SHORT_LEASE, LOCK_WAIT = 3600.0, 1.0, 10.0


@pytest.fixture
def store(own_redis: RedisServer) -> Iterator[RedisRecordStore]:
    store = RedisRecordStore(connect(own_redis.url))
    yield store
    store.close()


def has_answered(store: RedisRecordStore) -> bool:
    try:
        return store.load("a") is not None
    except RedisError:
        return False


def test_clearing_keeps_locks_and_the_keys_of_other_prefixes(redis: RedisServer) -> None:
    one, other = (RedisRecordStore(connect(redis.url), prefix) for prefix in ("one:", "other:"))
    one.put("login:a", b"1", LONG)
    other.put("login:a", b"2", LONG)
    redis.execute("SET", "one:feed", "kept")

    with one.lock("a", 0):
        one.clear()

        assert redis.execute("EXISTS", "one:lock:a") == 1
    assert one.keys("") == []
    assert other.keys("") == ["login:a"]
    assert redis.execute("KEYS", "one:*") == [b"one:feed"]
    one.close()
    other.close()


def test_expired_records_leave_nothing_behind(redis: RedisServer) -> None:
    store = RedisRecordStore(connect(redis.url))
    store.put("login:a", b"1", 0.01)
    store.put("login:b", b"2", 0.02)

    wait_until(lambda: redis.execute("KEYS", "*") == [b"callboard:kinds"], what="an empty Redis")
    store.close()


def test_a_frozen_redis_costs_one_timeout_and_is_used_again_soon_after(
    own_redis: RedisServer, store: RedisRecordStore
) -> None:
    store.put("a", b"1", LONG)
    own_redis.freeze()

    began = monotonic()
    with pytest.raises(RedisError):
        store.load("a")
    assert ANSWER_TIMEOUT <= monotonic() - began < 2 * ANSWER_TIMEOUT
    # Not sent at all.
    with pytest.raises(RedisUnavailableError):
        store.load("a")
    own_redis.thaw()

    wait_until(lambda: has_answered(store), 5, "an answer")


def test_a_dead_redis_is_reported_at_once_and_used_at_once_when_it_is_back(
    own_redis: RedisServer, store: RedisRecordStore
) -> None:
    store.put("a", b"1", LONG)
    own_redis.kill()

    # Refused at once: had it waited for an answer, it would be a TimeoutError.
    with pytest.raises(ConnectionError):
        store.load("a")
    own_redis.restart()
    store.put("a", b"2", LONG)

    assert store.load("a") == Record(b"2", 1)


def test_a_blocking_read_may_exceed_the_answer_timeout(own_redis: RedisServer) -> None:
    client = connect(own_redis.url, block=2 * ANSWER_TIMEOUT)
    began = monotonic()

    answer = client.xread({"feed": "$"}, block=int(2000 * ANSWER_TIMEOUT))

    assert not answer
    assert monotonic() - began >= 2 * ANSWER_TIMEOUT
    client.close()


@pytest.mark.parametrize("place", ["127.0.0.1:1", "no-such-host.invalid", "127.0.0.1:1/2"])
def test_an_unusable_redis_is_named_in_one_line_without_its_password(redis: RedisServer, place: str) -> None:
    check_redis(redis.url)

    with pytest.raises(RedisUnusableError) as told:
        check_redis(f"redis://ann:swordfish@{place}")

    assert str(told.value).startswith(f"redis://{place} cannot be used: ")
    assert str(told.value).isprintable()
    assert "swordfish" not in str(told.value)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"), "noeviction, it is allkeys-lru"),
        (("ACL", "SETUSER", "default", "-@scripting"), "no permissions"),
    ],
)
def test_a_redis_that_forgets_or_runs_no_scripts_is_refused_in_one_line(
    own_redis: RedisServer, command: tuple[str, ...], reason: str
) -> None:
    own_redis.execute(*command)

    with pytest.raises(RedisUnusableError, match=reason) as told:
        check_redis(own_redis.url)

    assert str(told.value).isprintable()


def test_the_lock_of_a_holder_that_died_is_free_after_its_lease(
    own_redis: RedisServer, store: RedisRecordStore
) -> None:
    dead = RedisRecordStore(connect(own_redis.url))
    never_released = dead.lock("a", 0, SHORT_LEASE)
    assert never_released.__enter__()
    dead.close()

    with store.lock("a", 0) as at_once, store.lock("a", LOCK_WAIT) as later:
        assert not at_once
        assert later


def test_a_lease_is_15_seconds_unless_the_caller_asks_for_another(
    own_redis: RedisServer, store: RedisRecordStore
) -> None:
    with store.lock("a", 0), store.lock("b", 0, lease=60):
        usual, longer = (own_redis.execute("PTTL", f"callboard:lock:{name}") / 1000 for name in "ab")

    assert 10 < usual <= 15
    assert 50 < longer <= 60


def test_releasing_a_lost_lock_logs_a_warning_and_leaves_it_to_its_new_holder(
    store: RedisRecordStore, caplog: pytest.LogCaptureFixture
) -> None:
    lost = store.lock("a", 0, SHORT_LEASE)
    assert lost.__enter__()

    with store.lock("a", LOCK_WAIT) as is_held:
        assert is_held
        lost.__exit__(None, None, None)
        with store.lock("a", 0) as is_free:
            assert not is_free

    assert [(line.levelno, line.getMessage()) for line in caplog.records] == [
        (logging.WARNING, "a lock was lost while it was held")
    ]


@pytest.mark.parametrize("trouble", ["kill", "freeze"])
def test_releasing_a_lock_raises_nothing_when_redis_is_gone(
    own_redis: RedisServer, store: RedisRecordStore, trouble: str
) -> None:
    with store.lock("a", 0) as is_held:
        getattr(own_redis, trouble)()

    assert is_held
