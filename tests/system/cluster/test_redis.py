"""Redis dead or frozen for longer than any lease: requests end soon, in words, and all comes right again."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until
from tests.system.cluster.instance import Instance, Pair
from tests.system.cluster.lasting_page import lasting_pages, wait_until_right

# Seconds. How long Redis is away at least, longer than a lease of five seconds; within which time each
# request is answered meanwhile (the promise is 1.5), and pages are right afterwards (5): a busy machine has
# some more.
AWAY, ANSWERED, RIGHT = 8.0, 5.0, 15.0
# Seconds. Within which no page may claim any more to be live (the promise is 15).
OWNED_UP_TO = 19.0
TELLS = "Callboard can't reach its own data right now."
Trouble = tuple[Callable[[RedisServer], None], Callable[[RedisServer], None]]
TROUBLES: dict[str, Trouble] = {
    "dead": (RedisServer.kill, RedisServer.start),
    "frozen": (RedisServer.freeze, RedisServer.thaw),
}


@pytest.mark.timeout(150)
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_after_seconds_without_redis_every_page_comes_right(
    pair: Pair,
    cookie: str,
    sandbox: Sandbox,
    durable_redis: RedisServer,
    call_ids: list[str],
    trouble: Trouble,
    took: Stopwatch,
) -> None:
    break_off, come_back = trouble
    some = call_ids[:6]
    with lasting_pages([one.address for one in pair] * 2, cookie, some) as pages:
        wait_until(lambda: all(page.is_live for page in pages), what="pages that are live")
        break_off(durable_redis)
        began = time.monotonic()
        with took("the last page owns up to it"):
            wait_until(lambda: not any(page.is_live for page in pages), OWNED_UP_TO, "pages that say so")
        with ThreadPoolExecutor(len(pair)) as pool:
            answered = [pool.submit(slowest_answer, one, cookie, began + AWAY) for one in pair]
            for call_id in some:
                sandbox.archive(call_id)
            slowest = max(answer.result() for answer in answered)
        assert not any(page.is_live for page in pages)

        come_back(durable_redis)
        with took(f"4 pages right after Redis was back (meanwhile the slowest answer took {slowest:.2f} s)"):
            wait_until_right(pages, sandbox, RIGHT)
        wait_until(lambda: all(page.is_live for page in pages), 45, "pages that are live")

        assert sandbox.counters().subscriptions_now == 1
        assert [one.get("/calls", cookie).status_code for one in pair] == [200, 200]


def slowest_answer(instance: Instance, cookie: str, until: float) -> float:
    """How many seconds the slowest page took, one at least. Each has to say what is wrong, in time."""
    slowest = 0.0
    while not slowest or time.monotonic() < until:
        answer = instance.get("/calls", cookie, timeout=ANSWERED)
        slowest = max(slowest, answer.elapsed.total_seconds())
        assert answer.status_code == 503
        assert TELLS in answer.text
    return slowest
