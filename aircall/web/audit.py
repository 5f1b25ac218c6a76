"""Audit lines: who did what that matters to security, from where; each with its request's id and no secret.

They are written at every LOG_LEVEL. docs/operations.md lists the events.
"""

import logging

from aircall.server.logs import AUDIT
from aircall.web.security import client_address

log = logging.getLogger(AUDIT)

# Characters. What a stranger types for a name is theirs to choose.
LONGEST_NAME = 100


def note(event: str, username: str | None = None, **facts: str | int) -> None:
    """Write one line for this event, about this name if it is known, with the address of the request."""
    about = {"username": username[:LONGEST_NAME]} if username is not None else {}
    log.info(event, extra={**about, "address": client_address(), **facts})
