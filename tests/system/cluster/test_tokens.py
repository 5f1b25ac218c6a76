"""Tokens that several processes share: refreshed once, and not lost with a process that dies over it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.support.dashboard import log_in
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until
from tests.system.cluster.instance import Instance, serving

REFRESH = "/auth/refresh-token"
# So many threads ask each of two processes, for so many seconds, while tokens live for so many seconds, which
# is more than a machine takes to use one that is busy with twenty threads.
THREADS_EACH, TIME, LIFE = 10, 7.0, 4
# Seconds between two requests of a thread.
PACE = 0.5
# What a page says whose call the API could not be asked for.
OLD = "This call may have changed since"
# Seconds. For how long a process that was killed keeps others from refreshing what it was refreshing, and
# what a busy machine has beyond that.
LEASE, MARGIN = 15.0, 10.0
# Seconds. A token is due in the last fifth of its life, while it is good; so long before its end nothing is
# asked any more, as answers may come late.
LONGER_LIFE, DUE, SPARE = 14, 2.6, 1.5
# Seconds. Within this time an answer goes unnoticed (the promise is 1.5; a busy machine has some more).
UNNOTICED = 5.0


@pytest.mark.timeout(120)
def test_a_token_is_refreshed_once_each_time_it_expires_however_long_that_takes(
    durable_redis: RedisServer, tmp_path: Path
) -> None:
    with (
        Sandbox.start("--access-ttl", str(LIFE)) as sandbox,
        serving(sandbox, durable_redis, tmp_path) as first,
        serving(sandbox, durable_redis, tmp_path) as second,
        ThreadPoolExecutor(2 * THREADS_EACH) as pool,
    ):
        path = f"/calls/{sandbox.calls()[0]['id']}"
        for delay in (0.0, 2.5):
            sandbox.clear_faults()
            # A refresh token is good once.
            sandbox.strict_rotation()
            cookie = log_in(first.address)
            sandbox.be_slow(delay, path=REFRESH)
            before = sandbox.counters().refreshes
            ask = partial(answers, path=path, cookie=cookie, until=time.monotonic() + TIME)
            seen = set().union(*pool.map(ask, [first, second] * THREADS_EACH))
            refreshed = sandbox.counters().refreshes - before

            assert seen == {(200, False)}
            # Each begins in the last fifth of a token's life, and its token lives from its end.
            assert 1 <= refreshed <= TIME / (0.8 * LIFE + delay) + 1
            assert second.get(path, cookie).status_code == 200


def answers(instance: Instance, path: str, cookie: str, until: float) -> set[tuple[int, bool]]:
    """What comes of asking on until then: each status, and whether the call was an old one."""
    seen, pace = set(), threading.Event()
    while time.monotonic() < until:
        pace.wait(PACE)
        answer = instance.get(path, cookie)
        seen.add((answer.status_code, OLD in answer.text))
    return seen


@pytest.mark.timeout(150)
def test_a_process_that_dies_over_a_refresh_is_unnoticed_and_another_one_refreshes(
    durable_redis: RedisServer, tmp_path: Path, took: Stopwatch
) -> None:
    with (
        Sandbox.start("--access-ttl", str(LONGER_LIFE)) as sandbox,
        serving(sandbox, durable_redis, tmp_path) as first,
        serving(sandbox, durable_redis, tmp_path) as second,
    ):
        path = f"/calls/{sandbox.calls()[0]['id']}"
        began_at = time.monotonic()
        cookie = log_in(second.address)
        over_at = time.monotonic() + LONGER_LIFE
        sandbox.be_slow(60, path=REFRESH)
        wait_until(lambda: time.monotonic() > over_at - DUE, LONGER_LIFE, "a token that is due")

        # This page begins the refresh, and does not wait for it.
        assert first.get(path, cookie).status_code == 200
        wait_until(lambda: durable_redis.execute("KEYS", "callboard:lock:login:*"), what="a refresh")
        first.kill()
        killed_at = time.monotonic()
        while time.monotonic() < began_at + LONGER_LIFE - SPARE:
            answer = second.get(path, cookie, timeout=UNNOTICED)
            assert (answer.status_code, OLD in answer.text) == (200, False)
        sandbox.clear_faults()

        wait_until(lambda: time.monotonic() > over_at, what="the old token's end")
        with took(f"refreshed by another process, begun {time.monotonic() - killed_at:.1f} s after the kill"):
            wait_until(
                lambda: OLD not in second.get(path, cookie).text,
                killed_at + LEASE + MARGIN - time.monotonic(),
                "what the API says",
            )
