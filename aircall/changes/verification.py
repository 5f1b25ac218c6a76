"""Verification of a change whose outcome is unknown: the call is read until the change shows."""

import logging
import time
from collections.abc import Callable
from time import monotonic

from aircall.changes.errors import UnconfirmedError
from aircall.errors import AircallError, LoginEndedError, NotFoundError, UnauthorizedError
from aircall.models import Call

log = logging.getLogger(__name__)

# Seconds between two reads of the call, and in all.
VERIFY_INTERVAL = 0.3
VERIFY_TIMEOUT = 6.0


def verify(
    read: Callable[[float], Call], is_changed: Callable[[Call], bool], interval: float, timeout: float
) -> Call:
    """Return the call as soon as `is_changed` is true of it; `read` is given the seconds left.

    Raises NotFoundError, LoginEndedError, and UnconfirmedError if the change does not show in time, or
    cannot be seen with this token.
    """
    ends = monotonic() + timeout
    last_seen: Call | None = None
    while (left := ends - monotonic()) > 0:
        try:
            last_seen = read(left)
            if is_changed(last_seen):
                return last_seen
        except (NotFoundError, LoginEndedError):
            raise
        except UnauthorizedError:
            break
        except AircallError as error:
            log.info("verifying a change", extra={"error": type(error).__name__})
        time.sleep(interval)
    raise UnconfirmedError("The change of the call was not seen in time.", last_seen=last_seen)
