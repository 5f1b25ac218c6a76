"""Redis dead or frozen for longer than any lease: requests end soon, in words, and all comes right again."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.chaos.instance import Instance
from tests.chaos.lasting_page import lasting_pages, wait_until_right
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

Pair = tuple[Instance, Instance]
# How long it is away, within what a request has to be answered meanwhile, and pages right after it; seconds.
AWAY, ANSWERED, RIGHT = 20.0, 1.5, 5.0
# Within which no page may claim any more to be live, in seconds.
OWNED_UP_TO = 15.0
TELLS = "The dashboard can't reach its own storage right now."
Trouble = tuple[Callable[[RedisServer], None], Callable[[RedisServer], None]]
TROUBLES: dict[str, Trouble] = {
    "dead": (RedisServer.kill, RedisServer.start),
    "frozen": (RedisServer.freeze, RedisServer.thaw),
}


@pytest.fixture
def call_ids(sandbox: Sandbox) -> list[str]:
    """Some calls."""
    return [call["id"] for call in sandbox.calls()[:6]]


@pytest.mark.timeout(150)
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_after_twenty_seconds_without_redis_every_page_is_right_within_five(
    pair: Pair,
    cookie: str,
    sandbox: Sandbox,
    durable_redis: RedisServer,
    call_ids: list[str],
    trouble: Trouble,
    took: Stopwatch,
) -> None:
    break_off, come_back = trouble
    with lasting_pages([one.address for one in pair] * 2, cookie, call_ids) as pages:
        wait_until(lambda: all(page.is_live for page in pages), 20, "pages that are live")
        break_off(durable_redis)
        began = time.monotonic()
        with took("the last page owns up to it"):
            wait_until(lambda: not any(page.is_live for page in pages), OWNED_UP_TO, "pages that say so")
        with ThreadPoolExecutor(len(pair)) as pool:
            answered = [pool.submit(slowest_answer, one, cookie, began + AWAY - 1) for one in pair]
            for call_id in call_ids:
                sandbox.archive(call_id)
            slowest = max(answer.result() for answer in answered)
        wait_until(lambda: time.monotonic() > began + AWAY, what="twenty seconds")
        assert not any(page.is_live for page in pages)

        come_back(durable_redis)
        with took(f"4 pages right after Redis was back (meanwhile the slowest answer took {slowest:.2f} s)"):
            wait_until_right(pages, sandbox, RIGHT)
        wait_until(lambda: all(page.is_live for page in pages), 20, "pages that are live")

        assert sandbox.counters().subscriptions_now == 1
        assert [one.get("/calls", cookie).status_code for one in pair] == [200, 200]


def slowest_answer(instance: Instance, cookie: str, until: float) -> float:
    """How long the slowest page took, each of which has to say what is wrong, in time."""
    slowest = 0.0
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            answer = instance.get("/calls", cookie, timeout=ANSWERED)
        except requests.Timeout:
            raise AssertionError(f"no answer within {ANSWERED} s") from None
        slowest = max(slowest, time.monotonic() - began)
        assert answer.status_code == 503
        assert TELLS in answer.text
    return slowest
