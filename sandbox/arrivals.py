"""Calls that come in while the sandbox runs. Knows neither the list nor who asks."""

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any, cast
from uuid import uuid4

from sandbox.calls import CallJson, instant_text
from sandbox.generated import CALL_TYPES, DIRECTIONS, LONGEST_MS, SHORTEST_MS, number

KEYS = tuple(CallJson.__annotations__)


def new_call(random: Random, at: datetime, fields: Mapping[str, Any]) -> CallJson:
    """A call that came in at this time, with the given fields in place of made-up ones.

    Raises ValueError for a field that no call has. The values are not checked: tests want wrong ones too.
    """
    if unknown := sorted(fields.keys() - set(KEYS)):
        raise ValueError(f"A call has no {', '.join(unknown)}")
    made_up: CallJson = {
        "id": str(uuid4()),
        "duration": random.randint(SHORTEST_MS, LONGEST_MS),
        "is_archived": False,
        "from": number(random),
        "to": number(random),
        "direction": random.choice(DIRECTIONS),
        "call_type": random.choice(CALL_TYPES),
        "via": number(random),
        "created_at": instant_text(at),
        "notes": [],
    }
    return cast(CallJson, {**made_up, **fields})
