"""Who looks at which call: pure rules, told the time, for others to send. Nothing of it is stored.

A person with several pages on a call counts once. Who goes is kept for a moment, so that loading a page again
does not flicker.
"""

from collections import defaultdict
from typing import NamedTuple

# How long somebody who went still counts (seconds).
GRACE = 2.0


class View(NamedTuple):
    """Somebody looking at a call."""

    call_id: str
    username: str


class Presence:
    """What each page shows, and what everybody has been told of it. Times are seconds of any one clock."""

    def __init__(self, grace: float = GRACE) -> None:
        self._grace = grace
        self._current: dict[str, View] = {}
        self._leaving: dict[View, float] = {}
        self._told: dict[str, list[str]] = {}

    @property
    def viewers(self) -> dict[str, list[str]]:
        """The usernames by call, as last told; calls that nobody looks at are left out."""
        return dict(self._told)

    def look(self, page_id: str, username: str, call_id: str | None, now: float) -> None:
        """This page shows this call and no other; with None, no call, or it is gone."""
        before = self._current.pop(page_id, None)
        if call_id is not None:
            self._current[page_id] = View(call_id, username)
        # Of a page that rushes past nobody has been told.
        if before is not None and before.username in self._told.get(before.call_id, ()):
            self._leaving[before] = now + self._grace

    def changes(self, now: float) -> dict[str, list[str]]:
        """The calls whose viewers differ from what was told, with their usernames: tell these now."""
        self._leaving = {view: gone_at for view, gone_at in self._leaving.items() if gone_at > now}
        names: defaultdict[str, set[str]] = defaultdict(set)
        for view in (*self._current.values(), *self._leaving):
            names[view.call_id].add(view.username)
        before, self._told = self._told, {call_id: sorted(found) for call_id, found in names.items()}
        changed = {
            call_id for call_id in before | self._told if before.get(call_id) != self._told.get(call_id)
        }
        return {call_id: self._told.get(call_id, []) for call_id in sorted(changed)}

    def next_at(self) -> float | None:
        """When somebody will have gone for good, if nothing else happens before."""
        return min(self._leaving.values(), default=None)
