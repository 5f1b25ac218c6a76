"""Redis away and back: pages say so, and are right soon after."""

from tests.chaos.instance import Instance
from tests.chaos.page import page_of
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

Pair = tuple[Instance, Instance]


def test_pages_are_right_soon_after_a_redis_that_was_killed_is_back(
    pair: Pair, cookie: str, sandbox: Sandbox, durable_redis: RedisServer, took: Stopwatch
) -> None:
    call_ids = [call["id"] for call in sandbox.calls() if not call["is_archived"]][:2]
    with page_of(pair[0], cookie, call_ids) as near, page_of(pair[1], cookie, call_ids) as far:
        wait_until(lambda: near.links[-1:] == far.links[-1:] == ["live"], 10, "links that are live")
        durable_redis.kill()
        with took("pages say that updates are paused"):
            wait_until(lambda: {near.links[-1], far.links[-1]} == {"reconnecting"}, 15, "both")
        sandbox.archive(call_ids[0])

        assert not near.shows(call_ids[0])
        assert not far.shows(call_ids[0])

        with took("right after Redis was started"):
            durable_redis.start()
            for page in (near, far):
                page.wait_for(call_ids[0], True, within=5)
        wait_until(lambda: {near.links[-1], far.links[-1]} == {"live"}, 10, "links that are live")
        assert sandbox.counters().subscriptions_now == 1
