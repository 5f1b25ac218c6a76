"""Messages between processes."""

from tests.integration.cluster.conftest import connected_peers
from tests.integration.cluster.peer import Peer
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until


def received(peer: Peer) -> list[str]:
    texts: list[str] = []
    peer.bus.on("ended", texts.append)
    return texts


def test_a_message_reaches_every_process_that_has_started_once_and_in_order(
    peers: list[Peer], redis: RedisServer
) -> None:
    texts = [received(peer) for peer in peers]
    for name, text in (("ended", "a"), ("ended", "b c"), ("other", "d"), ("ended", "")):
        peers[0].bus.send(name, text)

    with connected_peers(redis.url, 1) as (late,):
        texts.append(received(late))
        peers[0].bus.send("ended", "late")

        wait_until(lambda: all(own[-1:] == ["late"] for own in texts), what="the messages")
    assert texts == [["a", "b c", "", "late"]] * 3 + [["late"]]


def test_without_redis_the_sender_receives_its_own_messages() -> None:
    alone = Peer("redis://127.0.0.1:1")
    texts = received(alone)

    alone.bus.send("ended", "a")

    assert texts == ["a"]
