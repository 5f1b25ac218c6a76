"""Processes that share a Redis, reduced to their change feed and message bus."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.integration.cluster.peer import Peer
from tests.support.redis_server import RedisServer


@contextmanager
def connected_peers(url: str, count: int) -> Iterator[list[Peer]]:
    """Processes that are in contact with Redis."""
    with ExitStack() as stack:
        peers = [Peer(url) for _ in range(count)]
        for peer in peers:
            stack.callback(peer.stop)
            peer.start()
        for peer in peers:
            peer.wait_for_contact()
        yield peers


@pytest.fixture
def peers(redis: RedisServer) -> Iterator[list[Peer]]:
    with connected_peers(redis.url, 3) as peers:
        yield peers
