"""The team feed: which names and claims have changed, told to every process after the commit.

A message is a hint, as on every MessageBus: nothing depends on it but how soon a page follows. One that
missed it shows the newest at its next reading.
"""

import logging
from collections.abc import Callable, Collection
from enum import StrEnum

import msgspec

from aircall.concurrency import MessageBus, call_all

log = logging.getLogger(__name__)

MESSAGE = "team"
# Numbers in a message. Of a greater change the pages read everything they show again.
MAX_NUMBERS = 200


class Topic(StrEnum):
    """What changes, with a revision of its own."""

    DIRECTORY = "directory"
    CLAIMS = "claims"


class TeamChange(msgspec.Struct, frozen=True, kw_only=True):
    """A committed change. `numbers` are the number keys that it is about; None stands for any number.

    `api_url` tells whose: dashboards of several APIs may share a Redis by mistake, but never a name.
    """

    api_url: str
    topic: Topic
    revision: int
    numbers: tuple[str, ...] | None


_decoder = msgspec.json.Decoder(TeamChange)


class TeamFeed:
    """The changes of one API's team data, from every process."""

    def __init__(self, bus: MessageBus, api_url: str) -> None:
        self.bus = bus
        self._api_url = api_url
        self._subscribers: list[Callable[[TeamChange], None]] = []
        bus.on(MESSAGE, self._receive)

    def subscribe(self, on_change: Callable[[TeamChange], None]) -> None:
        """Call `on_change` for every change, of any process. It must return at once."""
        self._subscribers.append(on_change)

    def publish(self, topic: Topic, revision: int, numbers: Collection[str]) -> None:
        """Tell every process of a committed change. Raises nothing."""
        named = tuple(sorted(numbers)) if len(numbers) <= MAX_NUMBERS else None
        change = TeamChange(api_url=self._api_url, topic=topic, revision=revision, numbers=named)
        self.bus.send(MESSAGE, msgspec.json.encode(change).decode())

    def _receive(self, text: str) -> None:
        try:
            change = _decoder.decode(text)
        except msgspec.MsgspecError:
            log.warning("A message of another version about team data was ignored.")
            return
        if change.api_url == self._api_url:
            call_all(self._subscribers, change)
