"""Archive as a desired state, over an API whose archive endpoint is a toggle.

Read, toggle only if the call is not as wanted, and believe only what was read back:

- The response shows the desired state: done.
- It shows the opposite: another client toggled between our read and our toggle, and ours undid theirs. What
  happened is known, so the flag is toggled once more; after that it is a conflict.
- The outcome is unknown (no response, an unreadable one, a 5xx): the toggle is never repeated, but verified
  until it shows or the timeout ends.

So one call of `set_archived` toggles at most once, or twice after a proven conflict.
"""

import logging
import time
from dataclasses import dataclass
from time import monotonic

from aircall.auth.client import TokenClient
from aircall.changes.errors import ConflictError, UnconfirmedError
from aircall.errors import AircallError, NotFoundError, UnauthorizedError
from aircall.models import Call

log = logging.getLogger(__name__)

MAX_TOGGLES = 2
# Seconds between two reads of a call whose change has an unknown outcome, and in all.
VERIFY_INTERVAL = 0.3
VERIFY_TIMEOUT = 6.0


@dataclass(frozen=True, slots=True)
class ArchiveResult:
    """The call in its desired state, and whether we brought it there.

    Two toggles restored another client's change, and made none of ours.
    """

    call: Call
    is_changed: bool


def set_archived(
    client: TokenClient,
    call_id: str,
    is_archived: bool,
    *,
    verify_interval: float = VERIFY_INTERVAL,
    verify_timeout: float = VERIFY_TIMEOUT,
) -> ArchiveResult:
    """Bring the call to the desired state. The caller holds the call's lock.

    Raises UnconfirmedError if our toggle may still take effect, and ConflictError if another client keeps
    toggling. After any other error no change of ours is in flight, so that all of it may be run again;
    UnauthorizedError asks for that, with a new token.
    """
    call = client.get_call(call_id)
    for toggles in range(MAX_TOGGLES):
        if call.is_archived == is_archived:
            return ArchiveResult(call, is_changed=toggles == 1)
        try:
            call = client.toggle_archived(call_id)
        except AircallError as error:
            if not error.is_executed_possible:
                if toggles == 0 or isinstance(error, (NotFoundError, UnauthorizedError)):
                    raise
                # Our first toggle has undone another client's change: a person should look at it.
                raise ConflictError("Another client has changed this call.", last_seen=call) from error
            found = _verify(client, call_id, is_archived, verify_interval, verify_timeout)
            return ArchiveResult(found, is_changed=toggles == 0)
    if call.is_archived == is_archived:
        return ArchiveResult(call, is_changed=False)
    raise ConflictError("Another client keeps changing this call.", last_seen=call)


def _verify(client: TokenClient, call_id: str, is_archived: bool, interval: float, timeout: float) -> Call:
    ends = monotonic() + timeout
    last_seen: Call | None = None
    while (left := ends - monotonic()) > 0:
        try:
            last_seen = client.get_call(call_id, deadline=left)
            if last_seen.is_archived == is_archived:
                return last_seen
        except NotFoundError:
            raise
        except UnauthorizedError:
            break
        except AircallError as error:
            log.info("verifying a change", extra={"error": type(error).__name__})
        time.sleep(interval)
    raise UnconfirmedError("The change of the call was not seen in time.", last_seen=last_seen)
