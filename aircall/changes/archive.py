"""Archive as a wanted state, over an API whose archive is a toggle. Knows the client; keeps no lock.

Read, turn the flag over only if it is not as wanted, and believe only what was read back:

- The answer shows the wanted state: done.
- It shows the opposite: somebody else turned it over between our reading and our change, which undid theirs.
  What happened is known, so the flag is turned over once more, and after that it is a conflict.
- Whether the change was made is unknown (no answer, an unreadable one, a 5xx): it is never repeated, but
  looked up until it shows or patience ends.

So one call of `set_archived` turns the flag over at most once, or twice after a proven conflict. Two of them
for the same call at the same time would read each other's states in between: the caller keeps them apart.
"""

import logging
import time
from dataclasses import dataclass
from time import monotonic

from aircall.api.client import ApiClient
from aircall.changes.errors import ConflictError, UnconfirmedError
from aircall.errors import AircallError, NotFoundError, UnauthorizedError
from aircall.models import Call

log = logging.getLogger(__name__)

MAX_TOGGLES = 2
# How often and how long to look for a change of unknown fate, in seconds.
VERIFY_INTERVAL = 0.3
VERIFY_TIMEOUT = 6.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The call in its wanted state, and whether it was we who brought it there.

    Whoever turned the flag over twice has put somebody else's change back in place and made none.
    """

    call: Call
    is_changed: bool


def set_archived(
    api: ApiClient,
    access_token: str,
    call_id: str,
    is_archived: bool,
    *,
    verify_interval: float = VERIFY_INTERVAL,
    verify_timeout: float = VERIFY_TIMEOUT,
) -> Answer:
    """Bring the call into the wanted state; the call as the API shows it then, and whether we changed it.

    Raises UnconfirmedError where our change may still come true, and ConflictError where somebody works
    against us. After any other error no change of ours is under way, so all of it may be run again, and
    UnauthorizedError asks for that, with a fresh token.
    """
    call = api.get_call(access_token, call_id)
    for toggles in range(MAX_TOGGLES):
        if call.is_archived == is_archived:
            return Answer(call, is_changed=toggles == 1)
        try:
            call = api.toggle_archived(access_token, call_id)
        except AircallError as error:
            if not error.is_executed_possible:
                if toggles == 0 or isinstance(error, (NotFoundError, UnauthorizedError)):
                    raise
                # Not ours alone to try again: a change of somebody else's is undone, and should be looked at.
                raise ConflictError("Somebody else has changed this call.", last_seen=call) from error
            found = _verify(
                api,
                access_token,
                call,
                is_archived,
                verify_interval=verify_interval,
                verify_timeout=verify_timeout,
            )
            return Answer(found, is_changed=toggles == 0)
    if call.is_archived == is_archived:
        return Answer(call, is_changed=False)
    raise ConflictError("Somebody else changes this call at the same time.", last_seen=call)


def _verify(
    api: ApiClient,
    access_token: str,
    call: Call,
    is_archived: bool,
    *,
    verify_interval: float,
    verify_timeout: float,
) -> Call:
    ends = monotonic() + verify_timeout
    last_seen: Call | None = None
    while (left := ends - monotonic()) > 0:
        try:
            last_seen = api.get_call(access_token, call.id, deadline=left)
            if last_seen.is_archived == is_archived:
                return last_seen
        except NotFoundError:
            raise
        except UnauthorizedError:
            break
        except AircallError as error:
            log.info("Looking for a change", extra={"error": type(error).__name__})
        time.sleep(verify_interval)
    raise UnconfirmedError("Whether the call was changed could not be seen in time.", last_seen=last_seen)
