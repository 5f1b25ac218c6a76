"""The change feed, message bus and stream reader of one process, and what they published."""

import threading

from aircall.calls.feed import Change, ChangeKind, FeedEntry
from aircall.cluster.feed import RedisChangeFeed
from aircall.cluster.streams import BLOCK, RedisMessageBus, StreamReader
from aircall.models import Call
from aircall.storage.redis import connect
from tests.support.waiting import wait_until

PREFIX = "test:"


class Peer:
    """`published` holds the changes in order, and None for each new epoch."""

    def __init__(self, url: str, length: int = 1000) -> None:
        self.redis = client = connect(url)
        self.feed = RedisChangeFeed(client, PREFIX, length)
        self.bus = RedisMessageBus(client, PREFIX, f"{id(self):x}")
        self.published: list[FeedEntry | None] = []
        self.contacts: list[bool] = []
        self.feed.subscribe(self.published.append, lambda _position: self.published.append(None))
        self._reader_client = connect(url, block=BLOCK)
        self._reader = StreamReader(self._reader_client, self.feed, self.bus, self.contacts.append)
        self._threads: set[threading.Thread] = set()

    def start(self) -> None:
        before = set(threading.enumerate())
        self._reader.start()
        self._threads = set(threading.enumerate()) - before

    def stop(self) -> None:
        self._reader.stop()
        # Ends the read in flight.
        self.bus.send("stopping")
        for thread in self._threads:
            thread.join(2)
        for client in (self._reader_client, self.redis):
            client.close()

    def wait_for_contact(self) -> None:
        wait_until(lambda: self.contacts[-1:] == [True], what="contact with Redis")

    def has_lost_contact(self) -> bool:
        return self.contacts[-1:] == [False]

    @property
    def versions(self) -> list[int | None]:
        return [entry.change.version if entry else None for entry in list(self.published)]

    def wait_for(self, *versions: int | None) -> None:
        """Return once exactly these versions were published last."""
        wait_until(lambda: self.versions[-len(versions) :] == list(versions), what=f"{versions}")


def updated(call: Call, version: int) -> Change:
    return Change(ChangeKind.UPDATE, call.id, call, version)
