"""What people did with a call and its caller through Callboard, and who wrote its notes."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aircall.models import Call
from aircall.storage import STORAGE_ERRORS
from aircall.team.activity import Action, Activity, ActivityLine

log = logging.getLogger(__name__)

# Lines that are read, for the authors of notes, and those that are shown: the caller's page has all.
READ, SHOWN = 100, 8


@dataclass(frozen=True, slots=True)
class CallActivity:
    """The newest lines, and by the id of a note the line about it."""

    lines: Sequence[ActivityLine]
    noted: Mapping[str, ActivityLine]


def read_activity(activity: Activity, call: Call) -> CallActivity:
    """Return what was done with this call; nothing if it cannot be read."""
    try:
        lines = activity.of_call(call.id, call.counterpart, limit=READ)
    except STORAGE_ERRORS as error:
        log.warning("a call is shown without what was done with it: %s", type(error).__name__)
        lines = []
    noted = {line.detail: line for line in lines if line.action is Action.NOTED and line.detail}
    return CallActivity(lines[:SHOWN], noted)
