"""Signals between processes on a real Redis."""

from tests.integration.cluster.peer import Peer
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until


def collected(peer: Peer, name: str) -> list[str]:
    values: list[str] = []
    peer.bus.on(name, values.append)
    return values


def test_a_signal_reaches_every_process_once_and_in_order(peers: list[Peer]) -> None:
    heard = [collected(peer, "ended") for peer in peers]

    peers[0].bus.send("ended", "a")
    peers[0].bus.send("ended", "b c")
    peers[0].bus.send("other", "d")
    peers[0].bus.send("ended")

    wait_until(lambda: all(len(values) == 3 for values in heard), what="the signals")
    assert heard == [["a", "b c", ""]] * 3


def test_the_sender_has_it_at_once_whatever_redis_does() -> None:
    alone = Peer("redis://127.0.0.1:1")
    values = collected(alone, "ended")

    alone.bus.send("ended", "a")

    assert values == ["a"]


def test_what_was_sent_before_a_process_began_does_not_concern_it(
    peers: list[Peer], redis: RedisServer
) -> None:
    peers[0].bus.send("ended", "early")
    late = Peer(redis.url)
    values = collected(late, "ended")
    late.start()
    late.wait_for_contact()

    peers[0].bus.send("ended", "late")

    wait_until(lambda: values, what="the signal")
    late.stop()
    assert values == ["late"]
