"""What only a Redis can do to a store: be shared with others, freeze, die and come back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest
from redis.exceptions import ConnectionError, RedisError, TimeoutError

from aircall.storage.records import Record
from aircall.storage.redis import (
    ANSWER_TIMEOUT,
    MOST_CONNECTIONS,
    RedisRecordStore,
    RedisUnusableError,
    check_redis,
    connect,
)
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

LONG = 3600.0


@pytest.fixture
def shared(own_redis: RedisServer) -> Iterator[RedisRecordStore]:
    """A store in it."""
    store = RedisRecordStore(connect(own_redis.url))
    yield store
    store.close()


def seconds_until_refused(store: RedisRecordStore) -> float:
    began = monotonic()
    with pytest.raises(TimeoutError):
        store.load("a")
    return monotonic() - began


def test_clearing_leaves_alone_what_belongs_to_others(redis: RedisServer) -> None:
    one, other = (RedisRecordStore(connect(redis.url), prefix) for prefix in ("one:", "other:"))
    one.put("login:a", b"1", LONG)
    other.put("login:a", b"2", LONG)
    redis.execute("SET", "one:feed", "kept")

    with one.lock("a", 0) as is_held:
        one.clear()

        assert is_held
        assert redis.execute("EXISTS", "one:lock:a") == 1
    assert one.keys("") == []
    assert other.keys("") == ["login:a"]
    assert redis.execute("KEYS", "one:*") == [b"one:feed"]
    one.close()
    other.close()


def test_nothing_is_left_of_records_that_ended(redis: RedisServer) -> None:
    store = RedisRecordStore(connect(redis.url))
    store.put("login:a", b"1", 0.01)
    store.put("login:b", b"2", 0.02)

    wait_until(lambda: redis.execute("KEYS", "*") == [b"callboard:kinds"], what="an empty Redis")
    store.close()


def test_a_frozen_redis_is_waited_for_once_and_forgiven_soon(
    own_redis: RedisServer, shared: RedisRecordStore
) -> None:
    shared.put("a", b"1", LONG)
    own_redis.freeze()

    first, second = seconds_until_refused(shared), seconds_until_refused(shared)
    own_redis.thaw()
    began = monotonic()
    wait_until(lambda: answer(shared), what="an answer")

    assert ANSWER_TIMEOUT <= first < 2 * ANSWER_TIMEOUT
    assert second < ANSWER_TIMEOUT / 5
    assert monotonic() - began < 1.0


def test_of_many_who_wait_for_a_frozen_redis_nobody_waits_for_the_others(
    own_redis: RedisServer, shared: RedisRecordStore
) -> None:
    own_redis.freeze()

    with ThreadPoolExecutor(2 * MOST_CONNECTIONS) as pool:
        waits = list(pool.map(lambda _: seconds_refused(shared), range(2 * MOST_CONNECTIONS)))

    assert max(waits) < 1.5


def test_a_dead_redis_is_told_at_once_and_used_at_once_when_it_is_back(
    own_redis: RedisServer, shared: RedisRecordStore
) -> None:
    shared.put("a", b"1", LONG)
    own_redis.kill()

    began = monotonic()
    for _ in range(10):
        with pytest.raises(ConnectionError):
            shared.load("a")
    refused_after = monotonic() - began
    own_redis.restart()
    shared.put("a", b"2", LONG)

    assert refused_after < ANSWER_TIMEOUT
    assert shared.load("a") == Record(b"2", 1)


def test_a_read_that_blocks_may_take_its_time(own_redis: RedisServer) -> None:
    client = connect(own_redis.url, block=2 * ANSWER_TIMEOUT)
    began = monotonic()

    answer = client.xread({"feed": "$"}, block=int(2000 * ANSWER_TIMEOUT))

    assert not answer
    assert monotonic() - began >= 2 * ANSWER_TIMEOUT
    client.close()


def test_a_redis_that_can_be_written_to_is_good(redis: RedisServer) -> None:
    check_redis(redis.url)


@pytest.mark.parametrize("place", ["127.0.0.1:1", "no-such-host.invalid", "127.0.0.1:1/2"])
def test_a_redis_that_cannot_be_used_is_named_in_one_line_without_its_password(place: str) -> None:
    with pytest.raises(RedisUnusableError) as told:
        check_redis(f"redis://ann:swordfish@{place}")

    assert str(told.value).startswith(f"redis://{place} cannot be used: ")
    assert str(told.value).isprintable()
    assert "swordfish" not in str(told.value)


def answer(store: RedisRecordStore) -> bool:
    try:
        return store.load("a") is not None
    except RedisError:
        return False


def seconds_refused(store: RedisRecordStore) -> float:
    began = monotonic()
    with pytest.raises(RedisError):
        store.load("a")
    return monotonic() - began
