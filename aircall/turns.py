"""A turn for everybody else, between two steps of work that takes long. Knows nothing of the work."""

import time

# At least so long, in seconds: with 0, gevent does not look who has just asked.
TURN = 0.001


def give_way() -> None:
    """Let everybody else who waits have a turn."""
    time.sleep(TURN)
