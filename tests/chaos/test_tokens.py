"""Tokens that several processes share: renewed once, and not lost with a process that dies over it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest

from tests.chaos.instance import Instance, serving
from tests.support.dashboard import log_in
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

Pair = tuple[Instance, Instance]
REFRESH = "/auth/refresh-token"
# Tokens live for so many seconds while so many threads ask each of two processes, for so many seconds.
LIFE, THREADS_EACH, TIME = 2, 10, 7.0
# For how long a process that was killed keeps others from renewing what it was renewing, in seconds.
LEASE = 15.0


@pytest.fixture
def short_lived() -> Iterator[Sandbox]:
    """An API whose access tokens live for moments, and whose refresh tokens can be used once."""
    with Sandbox.start("--access-ttl", str(LIFE)) as sandbox:
        sandbox.strict_rotation()
        yield sandbox


def test_two_processes_renew_a_token_once_for_each_time_it_expires(
    short_lived: Sandbox, durable_redis: RedisServer, tmp_path: Path
) -> None:
    call_id = short_lived.calls()[0]["id"]
    with (
        serving(short_lived, durable_redis, tmp_path) as first,
        serving(short_lived, durable_redis, tmp_path) as second,
        ThreadPoolExecutor(2 * THREADS_EACH) as pool,
    ):
        cookie = log_in(first.address)
        ends = monotonic() + TIME
        before = short_lived.counters().refreshes

        def ask(instance: Instance) -> set[int]:
            statuses = set()
            while monotonic() < ends:
                statuses.add(instance.get(f"/calls/{call_id}", cookie).status_code)
            return statuses

        statuses = set().union(*pool.map(ask, [first, second] * THREADS_EACH))

        assert statuses == {200}
        # It is renewed in the last fifth of its life.
        renewed = short_lived.counters().refreshes - before
        assert TIME / LIFE - 1 <= renewed <= TIME / (0.8 * LIFE) + 1


def test_a_process_that_is_killed_while_it_renews_a_token_keeps_nobody_out_for_long(
    pair: Pair, cookie: str, sandbox: Sandbox, took: Stopwatch
) -> None:
    path = f"/calls/{sandbox.calls()[0]['id']}"
    sandbox.expire_access_tokens()
    sandbox.be_slow(30, path=REFRESH)
    with ThreadPoolExecutor(1) as pool:
        refused = sandbox.counters().unauthorized
        pool.submit(pair[0].get, path, cookie)
        wait_until(lambda: sandbox.counters().unauthorized > refused, what="a token that is refused")
        pair[0].kill()
    sandbox.clear_faults()

    def is_answered() -> bool:
        answer = pair[1].get(path, cookie, timeout=30)
        return answer.status_code == 200 and "This is the call as of" not in answer.text

    with took("another process renews the token"):
        wait_until(is_answered, LEASE + 1, "a page with what the API says")
