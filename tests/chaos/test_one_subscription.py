"""The API is listened to once, however many processes there are, come and go."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.instance import serving
from tests.support.dashboard import log_in
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.waiting import wait_until

# For so long may there be two, in seconds.
LEASE = 5.0
PAUSE = 0.02


class Watch:
    """Counts the subscriptions all the time: the most that there were, and for how long more than one."""

    def __init__(self) -> None:
        self.most = 0
        self.longest_double = 0.0

    def run(self, sandbox: Sandbox, has_finished: threading.Event) -> None:
        """Go on until it has finished."""
        double_since: float | None = None
        while not has_finished.wait(PAUSE):
            count = sandbox.counters().subscriptions_now
            self.most = max(self.most, count)
            double_since = None if count < 2 else double_since or time.monotonic()
            if double_since is not None:
                self.longest_double = max(self.longest_double, time.monotonic() - double_since)


@contextmanager
def watched(sandbox: Sandbox) -> Iterator[Watch]:
    """Counts meanwhile, on a connection of its own."""
    watch, has_finished, api = Watch(), threading.Event(), Sandbox(sandbox.url)
    thread = threading.Thread(target=watch.run, args=(api, has_finished), daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        has_finished.set()
        thread.join()
        api.close()


@pytest.mark.timeout(150)
@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_one_to_four_workers_subscribe_once_and_tell_each_change_once(
    workers: int, durable_redis: RedisServer, sandbox: Sandbox, tmp_path: Path
) -> None:
    call_ids = [call["id"] for call in sandbox.calls()[:4]]

    def is_one() -> bool:
        return sandbox.counters().subscriptions_now == 1

    with watched(sandbox) as watch:
        for is_killed in (False, True):
            with serving(sandbox, durable_redis, tmp_path / "data", WORKERS=str(workers)) as instance:
                cookie = log_in(instance.address)
                wait_until(is_one, 20, "the subscription")
                if is_killed:
                    instance.signal_workers(signal.SIGKILL)
                    wait_until(lambda: not is_one(), what="the end of the subscription")
                    wait_until(is_one, 2 * LEASE, "the subscription of a new owner")
                assert told_at(instance.address, cookie, sandbox, call_ids) == call_ids
            wait_until(lambda: sandbox.counters().subscriptions_now == 0, what="the end")

    assert watch.most == 1 or watch.longest_double <= LEASE


def told_at(address: str, cookie: str, sandbox: Sandbox, call_ids: list[str]) -> list[str]:
    """Of which changes a page is told while a colleague changes each of these calls once."""
    with connected(address, cookie) as page:
        wait_until(lambda: page.next("link")["state"] == "live", 20, "a link that is live")
        for call_id in call_ids:
            sandbox.archive(call_id)
        return [page.next("update-call")["call"]["id"] for _ in call_ids]
