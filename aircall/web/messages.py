"""What pages are told, as JSON. Knows records, and nothing of the sockets."""

from typing import Any

import flask_socketio

from aircall import metrics
from aircall.calls.feed import ChangeKind, Entry
from aircall.models import instant_text
from aircall.status import LinkStatus

EVENTS = {ChangeKind.UPDATE: "update-call", ChangeKind.ADD: "add-call"}


def change_message(entry: Entry) -> tuple[str, dict[str, Any]]:
    """The name and the payload of the event that tells of this change."""
    call = entry.change.call
    if call is None:
        return "remove-call", {"id": entry.change.call_id, "position": entry.position}
    return EVENTS[entry.change.kind], {"call": call.to_json(), "position": entry.position}


def link_message(status: LinkStatus) -> dict[str, str]:
    """How our own link to the API's events is."""
    return {"state": status.state, "since": instant_text(status.since), "reason": status.reason}


def emit(name: str, payload: object) -> None:
    """Tell this to the page that has just been heard from."""
    metrics.EVENTS_OUT.labels(name).inc()
    flask_socketio.emit(name, payload)
