"""Several processes renew a shared token while that takes long, or while one of them dies over it."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.instance import Instance, serving
from tests.chaos.test_tokens import LEASE, REFRESH, THREADS_EACH
from tests.support.dashboard import log_in
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

# Tokens live for so many seconds while everybody asks, for so many seconds. A token has to outlive what the
# machine takes to use it, which is busy with twenty who ask.
LIFE, TIME = 4, 9.0
LOCKS = "callboard:lock:login:*"
# What a page says whose call the API could not be asked for.
OLD = "This is the call as of"
# A token that is renewed in its last five seconds, while it is good.
LONGER_LIFE, DUE_AFTER = 25, 20.0
# A person's pause between two requests, in seconds: who asks without one has the machine busy with that.
PACE = 0.5
# So long before a token's end nothing is asked any more, as answers may come late; in seconds.
SPARE = 1.0
# Within so many seconds nobody notices anything.
UNNOTICED = 1.5


@contextmanager
def two_dashboards(
    life: int, redis: RedisServer, directory: Path
) -> Iterator[tuple[Sandbox, Instance, Instance]]:
    """Two that work as one, on an API whose access tokens live for so many seconds."""
    with (
        Sandbox.start("--access-ttl", str(life)) as sandbox,
        serving(sandbox, redis, directory) as first,
        serving(sandbox, redis, directory) as second,
    ):
        yield sandbox, first, second


@pytest.mark.parametrize("delay", [1.5, 4.0])
def test_a_slow_renewal_is_waited_for_by_all_and_begun_once(
    delay: float, durable_redis: RedisServer, tmp_path: Path
) -> None:
    with (
        two_dashboards(LIFE, durable_redis, tmp_path) as (sandbox, first, second),
        ThreadPoolExecutor(2 * THREADS_EACH) as pool,
    ):
        sandbox.strict_rotation()
        path = f"/calls/{sandbox.calls()[0]['id']}"
        cookie = log_in(first.address)
        sandbox.be_slow(delay, path=REFRESH)
        ends = time.monotonic() + TIME
        before = sandbox.counters().refreshes

        def ask(instance: Instance) -> set[tuple[int, bool]]:
            seen = set()
            pace = threading.Event()
            while time.monotonic() < ends:
                pace.wait(PACE)
                answer = instance.get(path, cookie, timeout=30)
                seen.add((answer.status_code, OLD in answer.text))
            return seen

        seen = set().union(*pool.map(ask, [first, second] * THREADS_EACH))
        renewed = sandbox.counters().refreshes - before

        assert seen == {(200, False)}
        # Each begins in the last fifth of a token's life, and its token lives from its end.
        assert 1 <= renewed <= TIME / (0.8 * LIFE + delay) + 1
        assert second.get(path, cookie, timeout=30).status_code == 200


@pytest.mark.timeout(120)
def test_nobody_notices_that_a_process_died_over_a_renewal_while_the_old_token_is_good(
    durable_redis: RedisServer, tmp_path: Path, took: Stopwatch
) -> None:
    with two_dashboards(LONGER_LIFE, durable_redis, tmp_path) as (sandbox, first, second):
        path = f"/calls/{sandbox.calls()[0]['id']}"
        ends_at = time.monotonic() + LONGER_LIFE
        cookie = log_in(second.address)
        is_due_at = time.monotonic() + DUE_AFTER
        sandbox.be_slow(30, path=REFRESH)
        wait_until(lambda: time.monotonic() > is_due_at, DUE_AFTER + 1, "a token that is due")

        # This page begins the renewal, and does not wait for it.
        assert first.get(path, cookie).status_code == 200
        wait_until(lambda: durable_redis.execute("KEYS", LOCKS), what="a renewal under way")
        first.kill()
        killed_at = time.monotonic()
        seen = set()
        while time.monotonic() < ends_at - SPARE:
            answer = second.get(path, cookie, timeout=UNNOTICED)
            seen.add((answer.status_code, OLD in answer.text))
        assert seen == {(200, False)}
        sandbox.clear_faults()

        over_at = is_due_at - DUE_AFTER + LONGER_LIFE
        wait_until(lambda: time.monotonic() > over_at, what="the old token's end")
        with took(f"renewed by another process, from {time.monotonic() - killed_at:.1f} s after the kill on"):
            wait_until(
                lambda: OLD not in second.get(path, cookie, timeout=30).text,
                killed_at + LEASE + 1 - time.monotonic(),
                "what the API says",
            )
        assert second.get(path, cookie).status_code == 200
