"""Full syncs, events and removals in every order: no call goes back to a state that it has left."""

from dataclasses import dataclass, field
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from aircall.calls.store import CallStore
from aircall.models import Call
from tests.support.made_calls import made_call, made_notes

CALLS, READERS = range(2), range(2)
READ = "read"
UPSTREAM = st.tuples(
    st.sampled_from(["change", "change, event lost", "arrive", "vanish"]), st.sampled_from(CALLS)
)
STEPS = st.lists(UPSTREAM | st.tuples(st.just(READ), st.sampled_from(READERS)), min_size=10, max_size=30)
numbers = count()


@dataclass
class Upstream:
    """A call at the API, with every state it has had; None while it does not exist."""

    number: int = field(default_factory=lambda: next(numbers))
    states: list[Call | None] = field(default_factory=lambda: [None])
    # Whether it has changed without an event, or come back, which the API does not announce.
    has_changed_silently: bool = False

    def step(self, name: str) -> Call | None:
        """Change, arrive or vanish, if that is possible; return the call that an event announces, if any."""
        last = self.states[-1]
        if name == "vanish" and last:
            self.states.append(None)
        elif name != "vanish" and (name == "arrive") is (last is None):
            self.states.append(made_call(self.number, notes=made_notes(str(len(self.states)))))
            self.has_changed_silently |= name != "change" and len(self.states) > 2
            return self.states[-1] if name == "change" else None
        return None


@dataclass
class Reader:
    """A full sync in three steps: it writes later what it has read earlier."""

    read_version: int | None = None
    seen: dict[int, int] | None = None

    def step(self, call_store: CallStore, calls: list[Upstream]) -> dict[int, int]:
        """Take the version, then read, then write; return which state of each call was written."""
        if self.read_version is None:
            self.read_version = call_store.version
        elif self.seen is None:
            self.seen = {place: len(call.states) - 1 for place, call in enumerate(calls)}
        else:
            read = [(made_call(call.number).id, call.states[self.seen[at]]) for at, call in enumerate(calls)]
            call_store.apply([state for _, state in read if state], self.read_version)
            call_store.remove([call_id for call_id, state in read if not state], self.read_version)
            written, self.read_version, self.seen = self.seen, None, None
            return written
        return {}


def stored(call_store: CallStore, calls: list[Upstream]) -> list[Call | None]:
    ids = [made_call(call.number).id for call in calls]
    found = {call.id: call for call in call_store.find(ids)}
    return [found.get(call_id) for call_id in ids]


@given(STEPS)
def test_no_earlier_state_returns_and_none_stays_if_all_events_arrive(
    call_store: CallStore, steps: list[tuple[str, int]]
) -> None:
    calls, readers = [Upstream() for _ in CALLS], [Reader() for _ in READERS]
    reached = [0 for _ in CALLS]

    for name, place in steps:
        written: dict[int, int] = {}
        if name == READ:
            written = readers[place].step(call_store, calls)
        elif announced := calls[place].step(name):
            call_store.apply([announced])
        for at, (call, state) in enumerate(zip(calls, stored(call_store, calls), strict=True)):
            now = call.states.index(state) if state else max(reached[at], written.get(at, 0))
            assert now >= reached[at]
            last_known = [known for known in call.states if known][-1:]
            assert state is None or call.has_changed_silently or [state] == last_known
            reached[at] = now

    last_reader = Reader()
    for _ in ("version", "read", "write"):
        last_reader.step(call_store, calls)
    assert stored(call_store, calls) == [call.states[-1] for call in calls]
