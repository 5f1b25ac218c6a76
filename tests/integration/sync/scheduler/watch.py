"""What is seen of the thread: who watches, when it read, whether it is there."""

import threading
import time
from dataclasses import dataclass, field

from aircall.api.client import ApiClient
from aircall.models import CallPage


@dataclass
class Watching:
    """Whether a browser is connected, and how often that was asked."""

    is_watched: bool = False
    asked_count: int = 0

    def __call__(self) -> bool:
        """Whether anybody watches."""
        self.asked_count += 1
        return self.is_watched


@dataclass
class Readings:
    """When each page was asked for and had come, what the next fail with, and from which row on."""

    began: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    fails_with: list[Exception] = field(default_factory=list)
    fails_from: int = 0
    limit: int = 500

    def timed(self, api: ApiClient, token: str, offset: int, limit: int) -> CallPage:
        """A page of the list, which holds all of it unless the limit is set lower."""
        self.began.append(time.monotonic())
        try:
            if self.fails_with and offset >= self.fails_from:
                raise self.fails_with.pop()
            return api.get_calls(token, offset, min(limit, self.limit))
        finally:
            self.ended.append(time.monotonic())


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "sync-scheduler"}
