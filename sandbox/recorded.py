"""The recorded calls, moved in time so that the newest is minutes old. Knows nothing of changes to them."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from sandbox.calls import CallJson, instant_text

RECORDING = Path(__file__).with_name("recorded-calls.json")
AGE_OF_NEWEST = timedelta(minutes=3)
WEEK = timedelta(days=7)


class RecordedCalls:
    """Real calls in the order they were recorded in, which is no order of time."""

    def __init__(self, started_at: datetime) -> None:
        recording = cast(list[CallJson], json.loads(RECORDING.read_text(encoding="utf-8")))
        self._calls = moved_in_time(recording, started_at - AGE_OF_NEWEST)
        self._index_by_id = {call["id"]: index for index, call in enumerate(self._calls)}

    def __len__(self) -> int:
        return len(self._calls)

    def __getitem__(self, index: int, /) -> CallJson:
        return self._calls[index]

    def index_of(self, call_id: str) -> int | None:
        """Where the call stands, or None if it was never recorded."""
        return self._index_by_id.get(call_id)


def moved_in_time(calls: list[CallJson], newest_at: datetime) -> list[CallJson]:
    """The calls with the newest at `newest_at` and each other one as long before it as it was, modulo a week.

    Years of recordings so become one week, in which each keeps its hour of the day and its distance in
    weekdays.
    """
    newest = max(map(_created_at, calls))
    return [
        {**call, "created_at": instant_text(newest_at - (newest - _created_at(call)) % WEEK)}
        for call in calls
    ]


def _created_at(call: CallJson) -> datetime:
    return datetime.fromisoformat(call["created_at"])
