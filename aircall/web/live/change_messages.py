"""What pages are sent of a change: its facts and the counts, and to a page with a list also the rendered row.

Pages of lists are in rooms by language and time zone, so that a row is rendered once for all that show it
alike (docs/decisions/0038-rows-are-pushed-to-rooms.md).
"""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from aircall.calls.feed import ChangeKind, FeedEntry
from aircall.calls.filters import CallFilter
from aircall.calls.query import CallQuery, inbox_count_of_day, inbox_counts
from aircall.storage import STORAGE_ERRORS
from aircall.storage.reading import reading_once
from aircall.team.feed import TeamChange, Topic
from aircall.web.formatting import zone_names
from aircall.web.fragments import CallRows
from aircall.web.i18n import FORMATS
from aircall.web.people import People, PeopleReader
from aircall.web.waiting import WaitingReader

# Rooms of one process. A row is rendered for each; pages of further languages and zones request theirs.
MOST_ROOMS = 50
EVENT_OF = {ChangeKind.UPDATE: "update-call", ChangeKind.ADD: "add-call", ChangeKind.REMOVE: "remove-call"}

Payload = dict[str, Any]

log = logging.getLogger(__name__)


class RowRoom(NamedTuple):
    """The pages whose rows are in one language and time zone."""

    language: str
    zone: str

    @property
    def name(self) -> str:
        """The name of the room."""
        return f"rows {self.language} {self.zone}"


class RowRooms:
    """The rooms of the pages of this process."""

    def __init__(self) -> None:
        self._room_of: dict[str, RowRoom] = {}
        self._sizes: Counter[RowRoom] = Counter()

    @property
    def rooms(self) -> list[RowRoom]:
        """The rooms that have pages."""
        return list(self._sizes)

    def join(self, socket_id: str, wanted: object) -> RowRoom | None:
        """Return the room of a page that asks for `{language, zone}`, or None if it cannot have one."""
        room = _room(wanted)
        if room is None or (room not in self._sizes and len(self._sizes) >= MOST_ROOMS):
            return None
        self._room_of[socket_id] = room
        self._sizes[room] += 1
        return room

    def leave(self, socket_id: str) -> None:
        """Forget a page."""
        room = self._room_of.pop(socket_id, None)
        if room is not None:
            self._sizes[room] -= 1
            self._sizes += Counter()


class ChangeMessages:
    """Builder of the events that tell of a change."""

    def __init__(
        self, store: CallQuery, rows: CallRows, people: PeopleReader, waiting: WaitingReader
    ) -> None:
        self._store = store
        self._rows = rows
        self._people = people
        self._waiting = waiting

    def for_all(self, entry: FeedEntry) -> Payload:
        """Return the facts of a change, and the counts after it; without them if they cannot be read."""
        try:
            with reading_once():
                counts = self._store.counts(CallFilter(view="all")) | inbox_counts(self._store)
                counts["callers"] = self._waiting.count()
        except STORAGE_ERRORS as error:
            log.warning("counts not sent: %s", type(error).__name__)
            return facts(entry)
        return facts(entry) | {"counts": counts}

    def people_of(self, entry: FeedEntry) -> People:
        """Return the people of a change's call, for all rooms."""
        call = entry.change.call
        return self._people.of_calls([call] if call else [])

    def for_lists(self, entry: FeedEntry, people: People, room: RowRoom) -> Payload:
        """Return what a list's page also gets: today's number, and the rendered row unless it was removed."""
        call, today = entry.change.call, self._today(ZoneInfo(room.zone))
        if call is None:
            return today
        html = self._rows.rows([call], people, room.language, room.zone, query="")
        return {"html": html, "directory": people.revision, "claims": people.claims_revision} | today

    def _today(self, zone: ZoneInfo) -> Payload:
        try:
            return {"today": inbox_count_of_day(self._store, datetime.now(zone).date(), zone)}
        except STORAGE_ERRORS as error:
            log.warning("today's number not sent: %s", type(error).__name__)
            return {}

    def of_team(self, change: TeamChange) -> Payload:
        """Return what tells of changed names or claims: pages read what they show of these numbers again."""
        return {"topic": change.topic, "revision": change.revision, "numbers": change.numbers}

    def team_revisions(self) -> Mapping[Topic, int]:
        """Return the revisions of names and claims; none if they cannot be read."""
        try:
            return self._people.revisions()
        except STORAGE_ERRORS as error:
            log.warning("changed names not sent: %s", type(error).__name__)
            return {}


def missed_of_team(shown: Mapping[str, object], current: Mapping[Topic, int]) -> list[Payload]:
    """Return what a page is told that was rendered at the revisions that `shown` has, by topic."""
    return [
        {"topic": topic, "revision": revision, "numbers": None}
        for topic, revision in current.items()
        if shown.get(topic) not in (None, str(revision))
    ]


def facts(entry: FeedEntry) -> Payload:
    """Return the call, or its id if it was removed, and the position after the change."""
    change = entry.change
    call = {"call": change.call.to_json()} if change.call else {"id": change.call_id}
    return {**call, "position": entry.position}


def _room(wanted: object) -> RowRoom | None:
    if not isinstance(wanted, dict):
        return None
    language, zone = wanted.get("language"), wanted.get("zone")
    if not isinstance(language, str) or not isinstance(zone, str):
        return None
    return RowRoom(language, zone) if language in FORMATS and zone in zone_names() else None
