"""Heartbeats reach all other processes, and end soon after their process."""

from collections.abc import Callable, Sequence
from time import monotonic

import pytest

from aircall.cluster.heartbeat import INTERVAL, LIFETIME, Heartbeat, Heartbeats
from aircall.storage.redis import connect
from tests.integration.cluster.peer import PREFIX, Peer
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

KEYS = [f"{PREFIX}notices", f"{PREFIX}notice-times"]


class Process:
    """A process that sends heartbeats, and the last ones of others that it has received."""

    def __init__(self, name: str, redis: RedisServer, peer: Peer) -> None:
        self.page_count = 0
        self.others: Sequence[Heartbeat] = ()
        self._name = name
        self.heartbeats = Heartbeats(connect(redis.url), PREFIX, peer.bus, self._own, self._receive)
        self.heartbeats.start()

    def _own(self) -> Heartbeat:
        return Heartbeat(
            process=self._name,
            page_count=self.page_count,
            seconds_since_view=None,
            viewers={"a call": [self._name]},
            sync=None,
        )

    def _receive(self, others: Sequence[Heartbeat]) -> None:
        self.others = others

    def page_counts(self) -> dict[str, int]:
        return {heartbeat.process: heartbeat.page_count for heartbeat in self.others}


@pytest.fixture
def start(redis: RedisServer, peers: list[Peer], request: pytest.FixtureRequest) -> Callable[[int], Process]:
    """Starts the process of this number."""

    def start(number: int) -> Process:
        process = Process(str(number), redis, peers[number])
        request.addfinalizer(process.heartbeats.stop)
        return process

    return start


def test_every_process_receives_the_heartbeats_of_the_others(start: Callable[[int], Process]) -> None:
    processes = [start(number) for number in range(3)]
    wait_until(lambda: all(len(process.others) == 2 for process in processes), what="all heartbeats")

    began = monotonic()
    for count in range(1, 6):
        processes[0].page_count = count
        processes[0].heartbeats.post_now()
        wait_until(lambda count=count: processes[1].page_counts() == {"0": count, "2": 0})  # type: ignore[misc]

    # Sooner than so many regular heartbeats.
    assert monotonic() < began + 4 * INTERVAL
    viewers = {heartbeat.process: heartbeat.viewers for heartbeat in processes[1].others}
    assert viewers == {"0": {"a call": ["0"]}, "2": {"a call": ["2"]}}


def test_the_heartbeat_of_a_process_that_ended_expires_and_nothing_stays_in_redis(
    redis: RedisServer, start: Callable[[int], Process]
) -> None:
    ending, staying = start(0), start(1)
    wait_until(lambda: staying.page_counts() == {"0": 0}, what="the heartbeat")

    ending.heartbeats.stop()

    wait_until(lambda: staying.page_counts() == {}, LIFETIME + 10, "its expiry")
    assert all(0 < redis.execute("PTTL", key) <= LIFETIME * 1000 for key in KEYS)
