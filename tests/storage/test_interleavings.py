"""Readings, events and removals in every order: the log never goes back to a state that it has left."""

from dataclasses import dataclass, field
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aircall.calls.store import CallStore
from aircall.models import Call
from tests.support.made_calls import made_call, made_notes

CALLS, READERS = range(2), range(2)
READ = "read"
UPSTREAM = st.tuples(
    st.sampled_from(["change", "change unheard", "arrive", "vanish"]), st.sampled_from(CALLS)
)
STEPS = st.lists(UPSTREAM | st.tuples(st.just(READ), st.sampled_from(READERS)), min_size=10, max_size=30)
checked = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
number = count()


@dataclass
class Upstream:
    """One call as the API has had it: every state since it was not there yet, None where it was not there."""

    name: int = field(default_factory=lambda: next(number))
    states: list[Call | None] = field(default_factory=lambda: [None])

    def step(self, name: str, *, are_states_unique: bool) -> Call | None:
        """Change, arrive or vanish, where that is possible; what an event announces, if it does."""
        last = self.states[-1]
        if name == "arrive" and (self.states == [None] or (last is None and are_states_unique)):
            self.states.append(self._next(made_call(self.name), are_states_unique))
        elif name == "vanish" and last is not None:
            self.states.append(None)
        elif name.startswith("change") and last is not None:
            self.states.append(self._next(last, are_states_unique))
            return self.states[-1] if name == "change" else None
        return None

    def _next(self, call: Call, is_unique: bool) -> Call:
        if is_unique:
            return replace(call, notes=made_notes(str(len(self.states))))
        return replace(call, is_archived=not call.is_archived)


@dataclass
class Reader:
    """Somebody who reads the whole list, which takes time: what he saw is older than when he tells it."""

    read_version: int | None = None
    seen: dict[int, int] | None = None

    def step(self, log: CallStore, calls: list[Upstream]) -> dict[int, int]:
        """Begin, then look, then tell; which state of each call has just been told."""
        if self.read_version is None:
            self.read_version = log.version
        elif self.seen is None:
            self.seen = {place: len(call.states) - 1 for place, call in enumerate(calls)}
        else:
            found = [(call, call.states[self.seen[place]]) for place, call in enumerate(calls)]
            log.apply([state for _, state in found if state], self.read_version)
            log.remove([made_call(call.name).id for call, state in found if not state], self.read_version)
            told, self.read_version, self.seen = self.seen, None, None
            return told
        return {}


def known(log: CallStore, calls: list[Upstream]) -> list[Call | None]:
    """What the log knows of each of these calls."""
    ids = [made_call(call.name).id for call in calls]
    found = {call.id: call for call in log.find(ids)}
    return [found.get(call_id) for call_id in ids]


@given(STEPS)
@checked
def test_no_state_comes_back_once_a_later_one_was_known_even_if_events_are_lost(
    log: CallStore, steps: list[tuple[str, int]]
) -> None:
    calls, readers = [Upstream() for _ in CALLS], [Reader() for _ in READERS]
    reached = [0 for _ in CALLS]

    for name, place in steps:
        told: dict[int, int] = {}
        if name == READ:
            told = readers[place].step(log, calls)
        elif announced := calls[place].step(name, are_states_unique=True):
            log.apply([announced])
        for at, (call, state) in enumerate(zip(calls, known(log, calls), strict=True)):
            now = call.states.index(state) if state else max(reached[at], told.get(at, 0))
            assert now >= reached[at]
            reached[at] = now

    last_reader = Reader()
    for _ in ("begin", "look", "tell"):
        last_reader.step(log, calls)
    assert known(log, calls) == [call.states[-1] for call in calls]


@given(STEPS)
@checked
def test_while_no_event_is_lost_a_known_call_is_as_the_api_has_it_however_often_it_is_turned_over(
    log: CallStore, steps: list[tuple[str, int]]
) -> None:
    calls, readers = [Upstream() for _ in CALLS], [Reader() for _ in READERS]

    for name, place in steps:
        if name == READ:
            readers[place].step(log, calls)
        elif announced := calls[place].step(name.removesuffix(" unheard"), are_states_unique=False):
            log.apply([announced])
        for call, state in zip(calls, known(log, calls), strict=True):
            last = [other for other in call.states if other]
            assert state is None or state == last[-1]
