"""A program: asks an API once under gevent, and prints how that ended and how often others got their turn."""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402 - nothing may be imported before the patch
import time  # noqa: E402

import gevent  # noqa: E402

from aircall.api.client import ApiClient  # noqa: E402
from aircall.errors import AircallError  # noqa: E402

TURN = 0.01


def main(url: str, deadline: float) -> None:
    """Print the error's name or "ok", the seconds it took, and the number of turns."""
    turns = 0

    def take_turns() -> None:
        nonlocal turns
        while True:
            gevent.sleep(TURN)
            turns += 1

    gevent.spawn(take_turns)
    api = ApiClient(url, deadline=deadline)
    began_at = time.monotonic()
    try:
        api.me("a.b.c")
        outcome = "ok"
    except AircallError as error:
        outcome = type(error).__name__
    print(outcome, f"{time.monotonic() - began_at:.2f}", turns)
    api.close()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
