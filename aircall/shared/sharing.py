"""What connects one process of the dashboard with the others, made and started together.

Knows the rooms of this package; is told by functions what there is to tell of this process's pages.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Protocol

from aircall.shared.follower import BLOCK, Follower
from aircall.shared.notices import Notice, Notices
from aircall.shared.ownership import Ownership
from aircall.shared.redis_feed import RedisFeed
from aircall.shared.redis_signals import RedisSignals
from aircall.shared.shared_upkeep import SharedUpkeep
from aircall.storage.redis import PREFIX, connect

Viewers = Mapping[str, Sequence[str]]


class Pages(Protocol):
    """The open pages of this process."""

    @property
    def page_count(self) -> int:
        """How many there are."""

    @property
    def viewers_here(self) -> Viewers:
        """The usernames of those who look at a call in them, by the call's id."""

    def look_elsewhere(self, viewers: Mapping[str, Viewers]) -> None:
        """Take note of who looks at calls in the pages of other processes, by process."""


class Sharing:
    """The feed and the signals that all processes share, and this one's part in the upkeep.

    Made in two steps, since the rooms in between need feed and signals first.
    """

    def __init__(self, redis_url: str, prefix: str = PREFIX) -> None:
        self._prefix = prefix
        self._process = secrets.token_hex(6)
        self._client, self._reader = connect(redis_url), connect(redis_url, block=BLOCK)
        self.feed = RedisFeed(self._client, prefix)
        self.signals = RedisSignals(self._client, prefix, self._process)

    def share(self, upkeep: SharedUpkeep, pages: Pages) -> None:
        """Say whose upkeep and pages these are. Nothing is done before `start`."""
        self._upkeep, self._pages = upkeep, pages
        self._follower = Follower(self._reader, self.feed, self.signals, upkeep.note_contact)
        self._notices = Notices(self._client, self._prefix, self.signals, self._notice, self._take)
        self._ownership = Ownership(self._client, self._prefix, self._gain, self._lose)

    @property
    def silence(self) -> float:
        """For how many seconds nothing has been heard from Redis."""
        return self._follower.silence

    def start(self) -> None:
        """Follow the others, tell them of this process, and be there to take over."""
        # A process that was killed may have left untold what it had written down: this one is in its place.
        self.feed.begin_epoch()
        self._follower.start()
        self._notices.start()
        self._ownership.start()

    def stop(self) -> None:
        """Leave the upkeep to others, and let go."""
        self._ownership.stop()
        self._notices.stop()
        self._follower.stop()

    def step_back(self) -> None:
        """Leave the upkeep to others as soon as may be, and go on serving. Returns at once."""
        self._ownership.step_back()

    def take_again(self) -> None:
        """Begin the upkeep of this process anew: another one has written in its place."""
        self._ownership.take_again()

    def post_now(self) -> None:
        """Have the others know at once what has changed here."""
        self._notices.post_now()

    def _gain(self) -> None:
        self._upkeep.gain()
        self.post_now()

    def _lose(self) -> None:
        self._upkeep.lose()
        self.post_now()

    def _notice(self) -> Notice:
        return Notice(
            process=self._process,
            page_count=self._pages.page_count,
            viewed_ago=self._upkeep.viewed_ago,
            viewers=self._pages.viewers_here,
            upkeep=self._upkeep.own_state,
        )

    def _take(self, others: Sequence[Notice]) -> None:
        self._upkeep.take(others)
        self._pages.look_elsewhere({notice.process: notice.viewers for notice in others})
