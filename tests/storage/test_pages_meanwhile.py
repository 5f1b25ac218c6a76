"""Pages of the filtered list while the API's list is read, changes and is told of: those of a plain list."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aircall.calls.feed import ChangeFeed
from aircall.calls.query import CallFilter
from aircall.calls.replica import CallReplica
from aircall.calls.store import CallStore
from aircall.models import Call, CallPage
from aircall.sync.full_sync import FullSync
from aircall.sync.scan import DOUBTFUL_ABSENCES
from tests.storage.drawn import CALLS, FILTERS, LISTS
from tests.storage.naive import newest_first

Happening = tuple[str, Call, int]

KINDS = st.sampled_from(["arrive", "change", "change", "change unheard", "vanish"])
HAPPENINGS = st.lists(st.tuples(KINDS, CALLS, st.integers(0, 30)), max_size=8)
# Whether the list is read while so much happens to it.
STEPS = st.lists(st.tuples(st.booleans(), HAPPENINGS), max_size=5)
# One that sees everything, and some that see little.
QUESTIONS = st.lists(FILTERS, min_size=2, max_size=3).map(lambda some: [CallFilter(view="all"), *some])
checked = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass
class Api:
    """The API's list: the truth. While a page is on its way, something of `meanwhile` happens to it."""

    replica: CallReplica
    calls: list[Call]
    tells: tuple[bool, bool]
    meanwhile: list[Happening] = field(default_factory=list)
    # Calls that changed unannounced since the last reading that they cannot have slipped past.
    unheard: set[str] = field(default_factory=set)
    is_shifted: bool = False

    def fetch(self, offset: int, limit: int) -> CallPage:
        """The rows from the offset, which the list has between two happenings."""
        self._live()
        rows, more = tuple(self.calls[offset : offset + limit]), offset + limit < len(self.calls)
        total = len(self.calls)
        self._live()
        tells_total, tells_more = self.tells
        return CallPage(
            calls=rows,
            malformed_count=0,
            total_count=total if tells_total else None,
            has_next_page=more if tells_more else None,
        )

    def be_read(self, full_sync: FullSync) -> None:
        """Be read, whatever happens meanwhile."""
        before, self.unheard, self.is_shifted = self.unheard, set(), False
        full_sync.run()
        if self.is_shifted:
            self.unheard |= before

    def expected(self) -> list[Call]:
        """The calls that the log knows, as they are by now where that can be known."""
        now = {call.id: call for call in self.calls if call.id not in self.unheard}
        log = self.replica.store
        return [now.get(call.id, call) for call in log.find(log.call_ids())]

    def happen_all(self) -> None:
        """What has not happened yet does now."""
        while self.meanwhile:
            self._happen(*self.meanwhile.pop())

    def _happen(self, kind: str, call: Call, place: int) -> None:
        """A call arrives, unannounced; one changes, which is told or not; or one vanishes."""
        known = [each.id for each in self.calls]
        if kind == "arrive" and call.id not in known:
            self.calls.insert(place % (len(known) + 1), call)
            self._note(call, is_shifted=True)
        elif kind == "vanish" and known:
            self._note(self.calls.pop(place % len(known)), is_shifted=True)
        elif kind.startswith("change") and known:
            self.calls[place % len(known)] = changed = replace(call, id=known[place % len(known)])
            self._note(changed)
            if kind == "change":
                self.replica.apply(changed)
                self.unheard.discard(changed.id)

    def _note(self, call: Call, *, is_shifted: bool = False) -> None:
        self.unheard.add(call.id)
        self.is_shifted |= is_shifted

    def _live(self) -> None:
        if self.meanwhile:
            self._happen(*self.meanwhile.pop())


def expect_pages(log: CallStore, calls: Sequence[Call], questions: list[CallFilter], size: int) -> None:
    """Every page of these filtered lists has the calls that filtering, sorting and cutting these gives."""
    for wanted in questions:
        expected = newest_first(calls, wanted)
        for offset in range(0, len(expected) + size, size):
            assert log.page(wanted, offset, size) == expected[offset : offset + size]
        assert log.counts(wanted)[wanted.view] == len(expected)


@pytest.mark.timeout(180)
@given(LISTS, STEPS, QUESTIONS, st.integers(1, 6), st.tuples(st.booleans(), st.booleans()))
@checked
def test_pages_are_those_of_a_plain_list_whatever_happens_between_readings_and_during_them(
    log: CallStore,
    calls: list[Call],
    steps: list[tuple[bool, list[Happening]]],
    questions: list[CallFilter],
    size: int,
    tells: tuple[bool, bool],
) -> None:
    log.clear()
    api = Api(replica := CallReplica(log, ChangeFeed()), list(calls), tells)
    full_sync = FullSync(replica, api.fetch, page_size=size, parallel=1)

    for is_read, happenings in steps:
        api.meanwhile = list(happenings)
        if is_read:
            api.be_read(full_sync)
        api.happen_all()
        expect_pages(log, api.expected(), questions, size)
    for _ in range(DOUBTFUL_ABSENCES):
        full_sync.run()

    expect_pages(log, api.calls, questions, size)
