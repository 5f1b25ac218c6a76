"""Calling what others subscribed with, so that their failures stay theirs. Knows nothing of what it calls."""

import logging
import traceback
from collections.abc import Callable

log = logging.getLogger(__name__)


def call_safely(callback: Callable[..., object], *args: object) -> bool:
    """Call somebody else's function; whether it succeeded. What it raises is logged, by place and type."""
    try:
        callback(*args)
    except Exception as error:
        # Its text might quote a note, and without the caller's thread nothing would arrive any more.
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.error("A callback failed: %s in %s:%s", type(error).__name__, place.filename, place.lineno)
        return False
    return True
