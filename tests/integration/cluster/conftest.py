"""Processes that share a Redis; here each is no more than its feed and signals."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.integration.cluster.peer import Peer
from tests.support.redis_server import RedisServer


@pytest.fixture
def peers(redis: RedisServer) -> Iterator[list[Peer]]:
    """Three processes of one dashboard, which have found each other."""
    with ExitStack() as stack:
        made = [Peer(redis.url) for _ in range(3)]
        for peer in made:
            stack.callback(peer.stop)
            peer.start()
        for peer in made:
            peer.wait_for_contact()
        yield made
