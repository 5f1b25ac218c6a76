"""What each process tells of itself reaches all others, and is gone soon after its end."""

from collections.abc import Sequence

from aircall.cluster.heartbeat import LIFETIME, Heartbeat, Heartbeats
from aircall.storage.redis import connect
from tests.integration.cluster.peer import PREFIX, Peer
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until


class Teller:
    """A process with so many pages."""

    def __init__(self, name: str, redis: RedisServer, peer: Peer) -> None:
        self.page_count = 0
        self.others: Sequence[Heartbeat] = ()
        self._name = name
        self.notices = Heartbeats(connect(redis.url), PREFIX, peer.bus, self._own, self._take)

    def _own(self) -> Heartbeat:
        return Heartbeat(
            process=self._name,
            page_count=self.page_count,
            seconds_since_view=None,
            viewers={"a call": [self._name]},
            sync=None,
        )

    def _take(self, others: Sequence[Heartbeat]) -> None:
        self.others = others

    def page_counts(self) -> dict[str, int]:
        return {notice.process: notice.page_count for notice in self.others}


def test_every_process_knows_the_others_and_not_itself(redis: RedisServer, peers: list[Peer]) -> None:
    tellers = [Teller(str(number), redis, peer) for number, peer in enumerate(peers)]
    for teller in tellers:
        teller.notices.start()

    wait_until(lambda: all(len(teller.others) == 2 for teller in tellers), what="all notices")
    tellers[0].page_count = 7
    tellers[0].notices.post_now()

    # Sooner than the next turn would bring it.
    wait_until(lambda: tellers[1].page_counts() == {"0": 7, "2": 0}, 0.9, "the news")
    told = {notice.process: notice.viewers for notice in tellers[1].others}
    assert told == {"0": {"a call": ["0"]}, "2": {"a call": ["2"]}}
    for teller in tellers:
        teller.notices.stop()


def test_the_notice_of_a_process_that_ended_is_gone_within_seconds(
    redis: RedisServer, peers: list[Peer]
) -> None:
    ending, staying = Teller("ending", redis, peers[0]), Teller("staying", redis, peers[1])
    ending.notices.start()
    staying.notices.start()
    wait_until(lambda: staying.page_counts() == {"ending": 0}, what="the notice")

    ending.notices.stop()

    wait_until(lambda: staying.page_counts() == {}, LIFETIME + 2, "its end")
    staying.notices.stop()


def test_nothing_stays_in_redis_once_the_last_process_has_ended(
    redis: RedisServer, peers: list[Peer]
) -> None:
    teller = Teller("last", redis, peers[0])
    teller.notices.start()
    keys = [f"{PREFIX}notices", f"{PREFIX}notice-times"]
    wait_until(lambda: redis.execute("EXISTS", *keys) == 2, what="the notice")

    teller.notices.stop()

    wait_until(lambda: redis.execute("EXISTS", *keys) == 0, LIFETIME + 2, "the end")
