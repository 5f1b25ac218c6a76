"""A process's feed and signals, followed as in a process of its own, and what it was told by them."""

from aircall.calls.feed import Change, ChangeKind, FeedEntry
from aircall.cluster.feed import RedisChangeFeed
from aircall.cluster.streams import BLOCK, RedisMessageBus, StreamReader
from aircall.models import Call
from aircall.storage.redis import connect
from tests.support.waiting import wait_until

PREFIX = "test:"
# Followers try again three times a second, and look once a second whether all is well.
HEALING = 5.0


class Peer:
    """One of several. `told` are the changes by their order, and None for each new epoch."""

    def __init__(self, url: str, length: int = 1000) -> None:
        self.redis = client = connect(url)
        self.feed = RedisChangeFeed(client, PREFIX, length)
        self.bus = RedisMessageBus(client, PREFIX, f"{id(self):x}")
        self.told: list[FeedEntry | None] = []
        self.contacts: list[bool] = []
        self.feed.subscribe(self.told.append, lambda _position: self.told.append(None))
        self.follower = StreamReader(connect(url, block=BLOCK), self.feed, self.bus, self.contacts.append)

    def start(self) -> None:
        self.follower.start()

    def stop(self) -> None:
        self.follower.stop()

    def wait_for_contact(self) -> None:
        wait_until(lambda: self.contacts[-1:] == [True], HEALING, "contact with Redis")

    def has_lost_contact(self) -> bool:
        return self.contacts[-1:] == [False]

    def has_told(self, count: int) -> bool:
        """Whether that many changes have been told, new epochs not counted."""
        return sum(entry is not None for entry in list(self.told)) == count

    @property
    def versions(self) -> list[int | None]:
        """The versions of the changes that were told, and None for each new epoch."""
        return [entry.change.version if entry else None for entry in list(self.told)]

    def wait_for(self, *versions: int | None) -> None:
        """Return once exactly these have been told last."""
        wait_until(lambda: self.versions[-len(versions) :] == list(versions), HEALING, f"{versions}")


def updated(call: Call, version: int) -> Change:
    """A change of this call, written down at this version of the log."""
    return Change(ChangeKind.UPDATE, call.id, call, version)
