"""The recorded calls, shifted in time so that the newest is three minutes old."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from sandbox.calls import CallJson, format_time

RECORDING = Path(__file__).with_name("recorded-calls.json")
NEWEST_AGE = timedelta(minutes=3)
WEEK = timedelta(days=7)


class RecordedCalls:
    """Real calls, in recorded order, which is not chronological."""

    def __init__(self, started_at: datetime) -> None:
        recording = cast(list[CallJson], json.loads(RECORDING.read_text(encoding="utf-8")))
        self._calls = shift_times(recording, started_at - NEWEST_AGE)
        self._index_by_id = {call["id"]: index for index, call in enumerate(self._calls)}

    def __len__(self) -> int:
        return len(self._calls)

    def __getitem__(self, index: int, /) -> CallJson:
        return self._calls[index]

    def index_of(self, call_id: str) -> int | None:
        """Return the index of the call, or None if it was not recorded."""
        return self._index_by_id.get(call_id)


def shift_times(calls: list[CallJson], newest_at: datetime) -> list[CallJson]:
    """Shift the newest call to `newest_at`, and the others before it by their distance modulo a week.

    Years of recordings become one week; hours of the day and distances in weekdays are kept.
    """
    newest = max(map(_created_at, calls))
    return [
        {**call, "created_at": format_time(newest_at - (newest - _created_at(call)) % WEEK)} for call in calls
    ]


def _created_at(call: CallJson) -> datetime:
    return datetime.fromisoformat(call["created_at"])
