"""Full syncs, events and changes of the list in random order: no call ever returns to an older state."""

import os
import random
import threading
import time
from collections import defaultdict
from contextlib import suppress

import pytest

from aircall.calls.feed import ChangeFeed, FeedEntry
from aircall.calls.replica import CallReplica
from aircall.calls.store import CallStore
from aircall.errors import NoResponseError, ServerError
from aircall.models import Call, CallPage
from aircall.sync.full_sync import FullSync, SyncCancelledError
from aircall.sync.scan import DOUBTFUL_ABSENCES
from tests.integration.sync.lists import known
from tests.support.made_calls import call_id, made_call, made_notes

# PostgreSQL takes several times as long.
SEEDS = {"sqlite": 400, "postgresql": 80} if "CI" in os.environ else {"sqlite": 40, "postgresql": 8}
ROUNDS = 8
SYNCS = 2


class World:
    """An API whose list changes while pages are in flight, and each state in which calls were shown."""

    def __init__(self, seed: int, replica: CallReplica) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - no secret
        self._replica = replica
        self._lock = threading.Lock()
        self._count = 0
        self.calls: list[Call] = []
        self.is_quiet = False
        self.full_sync = self._full_sync()
        # By call, the store's version and the state, which is the number in the call's note.
        self._shown: dict[str, list[tuple[int, int]]] = defaultdict(list)
        replica.feed.subscribe(self._record, lambda _: None)
        for _ in range(self._draw.randrange(8)):
            self._add()

    def fetch(self, offset: int, limit: int) -> CallPage:
        with self._lock:
            self._change_list()
            rows = tuple(self.calls[offset : offset + limit])
            more = self._draw.choice([None, offset + limit < len(self.calls)])
            total = self._draw.choice([None, len(self.calls), 3])
            self._change_list()
            if self._draw.random() < 0.3:
                self.render()
        return CallPage(calls=rows, malformed_count=0, total_count=total, has_next_page=more)

    def render(self) -> None:
        """Render a page with every call."""
        version, calls = -1, dict[str, Call]()
        while version != self._replica.store.version:
            version, calls = self._replica.store.version, known(self._replica)
        for call in calls.values():
            self._shown[call.id].append((version, _state(call)))

    def regressions(self) -> dict[str, list[int]]:
        """Return the calls that were shown in an older state after a newer one, with their states."""
        shown = {name: [state for _, state in sorted(seen)] for name, seen in self._shown.items()}
        return {name: states for name, states in shown.items() if states != sorted(states)}

    def _record(self, entry: FeedEntry) -> None:
        if entry.change.call:
            self._shown[entry.change.call_id].append((self._replica.store.version, _state(entry.change.call)))

    def _full_sync(self) -> FullSync:
        size = self._draw.randrange(1, 12)
        return FullSync(self._replica, self.fetch, page_size=size, parallel=self._draw.choice([1, 3]))

    def _change_list(self) -> None:
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
        self._count += 1
        new = made_call(self._count, notes=made_notes("0"))
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
        number = next(n for n in range(1, self._count + 1) if call_id(n) == self.calls[at].id)
        self.calls[at] = made_call(number, notes=made_notes(str(_state(self.calls[at]) + 1)))
        # Not every event arrives.
        if self._draw.random() < 0.7:
            self._replica.apply(self.calls[at])


def _state(call: Call) -> int:
    return int(call.notes[0].content)


def run(world: World) -> float:
    """Run a full sync; return when it started, or -1 if it failed."""
    with suppress(SyncCancelledError, ServerError, NoResponseError):
        return world.full_sync.run()
    return -1


@pytest.mark.timeout(120)
@pytest.mark.parametrize("part", range(ROUNDS))
def test_no_call_returns_to_an_older_state_and_all_end_right(call_store: CallStore, part: int) -> None:
    count = SEEDS[call_store.engine.dialect.name]
    for seed in range(part * count // ROUNDS, (part + 1) * count // ROUNDS):
        call_store.clear()
        world = World(seed, replica := CallReplica(call_store, ChangeFeed()))

        for _ in range(SYNCS):
            run(world)
            world.render()
        world.is_quiet, quiet_at = True, time.monotonic()
        quiet_count = 0
        while quiet_count < DOUBTFUL_ABSENCES:
            quiet_count += run(world) > quiet_at
        world.render()

        assert (seed, world.regressions()) == (seed, {})
        assert (seed, known(replica)) == (seed, {call.id: call for call in world.calls})
