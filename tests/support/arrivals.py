"""Calls that come in while pages are open."""

from datetime import UTC, datetime, timedelta

from tests.support.sandbox import Sandbox

# A caller who is in no recorded call, and a line of ours.
PARIS, OURS = "+33187654321", "+33189394635"


def ago(**age: float) -> str:
    """A time so long ago, as the API writes it."""
    return (datetime.now(UTC) - timedelta(**age)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def comes(sandbox: Sandbox, minutes_ago: float, **given: object) -> str:
    """A call comes in, and is announced by the note that a colleague writes."""
    call = sandbox.add_call(created_at=ago(minutes=minutes_ago), is_archived=False, **given)
    sandbox.add_note(call["id"], "They called")
    return str(call["id"])
