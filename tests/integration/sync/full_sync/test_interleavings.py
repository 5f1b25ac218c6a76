"""Readings, events and a list that never holds still, in a thousand orders: the log never goes back.

Each order is drawn from its own seed. Whatever happens at the API happens while a page is on its way, which
is when it can do harm. Where several pages are on their way at once, the machine decides which comes first.
"""

import os
import random
import threading
import time
from collections import defaultdict
from contextlib import suppress

import pytest
from sqlalchemy import Engine

from aircall.calls.feed import ChangeFeed, FeedEntry
from aircall.calls.replica import CallReplica
from aircall.calls.store import CallStore
from aircall.errors import NoResponseError, ServerError
from aircall.models import Call, CallPage
from aircall.sync.full_sync import FullSync, SyncCancelledError
from aircall.sync.scan import DOUBTFUL_ABSENCES
from tests.integration.sync.full_sync.lists import known
from tests.support.made_calls import call_id, made_call, made_notes

# A server takes several times as long for each order.
ORDERS = {"sqlite": 400, "postgresql": 80} if "CI" in os.environ else {"sqlite": 40, "postgresql": 8}
ROUNDS = 8
READINGS = 2


class World:
    """An API whose list changes while it is read, and what has been heard and shown of each call."""

    def __init__(self, seed: int, replica: CallReplica) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - no secret
        self._replica = replica
        self._lock = threading.Lock()
        self._made_count = 0
        self.calls: list[Call] = []
        self.is_quiet = False
        self.full_sync = self._full_sync()
        # The states in which each call was shown, each with the log's version then. A note numbers the state.
        self._shown: dict[str, list[tuple[int, int]]] = defaultdict(list)
        replica.feed.subscribe(self._show, lambda _: None)
        for _ in range(self._draw.randrange(8)):
            self._add()

    def fetch(self, offset: int, limit: int) -> CallPage:
        """A page, while all sorts of things happen before it is seen and after."""
        with self._lock:
            self._live()
            rows = tuple(self.calls[offset : offset + limit])
            more = self._draw.choice([None, offset + limit < len(self.calls)])
            total = self._draw.choice([None, len(self.calls), 3])
            self._live()
            if self._draw.random() < 0.3:
                self.look()
        return CallPage(calls=rows, malformed_count=0, total_count=total, has_next_page=more)

    def look(self) -> None:
        """Somebody opens a page that shows every call."""
        version, calls = -1, dict[str, Call]()
        while version != self._replica.store.version:
            version, calls = self._replica.store.version, known(self._replica)
        for call in calls.values():
            self._shown[call.id].append((version, _state(call)))

    def gone_back(self) -> dict[str, list[int]]:
        """The calls that were shown in an older state after a newer one, and these states in order."""
        shown = {name: [state for _, state in sorted(seen)] for name, seen in self._shown.items()}
        return {name: states for name, states in shown.items() if states != sorted(states)}

    def _show(self, entry: FeedEntry) -> None:
        if entry.change.call:
            self._shown[entry.change.call_id].append((self._replica.store.version, _state(entry.change.call)))

    def _full_sync(self) -> FullSync:
        size = self._draw.randrange(1, 12)
        return FullSync(self._replica, self.fetch, page_size=size, parallel=self._draw.choice([1, 3]))

    def _live(self) -> None:
        if self.is_quiet:
            return
        for _ in range(self._draw.randrange(3)):
            self._draw.choice(
                [self._add, self._remove, self._move, self._change, self._change, self._change]
            )()
        chance = self._draw.random()
        if chance < 0.03:
            raise self._draw.choice([ServerError, NoResponseError])("Trouble.")
        if chance < 0.06:
            self.full_sync.cancel()

    def _add(self) -> None:
        self._made_count += 1
        new = made_call(self._made_count, notes=made_notes("0"))
        self.calls.insert(self._draw.randint(0, len(self.calls)), new)

    def _remove(self) -> None:
        if self.calls:
            self.calls.pop(self._draw.randrange(len(self.calls)))

    def _move(self) -> None:
        self._draw.shuffle(self.calls)

    def _change(self) -> None:
        if not self.calls:
            return
        at = self._draw.randrange(len(self.calls))
        number = next(n for n in range(1, self._made_count + 1) if call_id(n) == self.calls[at].id)
        self.calls[at] = made_call(number, notes=made_notes(str(_state(self.calls[at]) + 1)))
        # Some events are lost.
        if self._draw.random() < 0.7:
            self._replica.apply(self.calls[at])


def _state(call: Call) -> int:
    return int(call.notes[0].content)


def go(world: World) -> float:
    """A reading, whatever becomes of it; when it began, or -1 where it did not come to its end."""
    with suppress(SyncCancelledError, ServerError, NoResponseError):
        return world.full_sync.run()
    return -1


@pytest.fixture
def log(database: Engine) -> CallStore:
    """A log for one order after the other."""
    return CallStore(database)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("part", range(ROUNDS))
def test_no_call_goes_back_to_a_state_it_had_left_and_in_the_end_the_log_is_right(
    log: CallStore, part: int
) -> None:
    orders = ORDERS[log.engine.dialect.name]
    for seed in range(part * orders // ROUNDS, (part + 1) * orders // ROUNDS):
        log.clear()
        world = World(seed, replica := CallReplica(log, ChangeFeed()))

        for _ in range(READINGS):
            go(world)
            world.look()
        world.is_quiet, quiet_at = True, time.monotonic()
        quiet_count = 0
        while quiet_count < DOUBTFUL_ABSENCES:
            quiet_count += go(world) > quiet_at
        world.look()

        assert (seed, world.gone_back()) == (seed, {})
        assert (seed, known(replica)) == (seed, {call.id: call for call in world.calls})
