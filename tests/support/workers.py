"""The processes that a server has begun."""

import os
from contextlib import suppress
from pathlib import Path


def workers_of(master: int) -> list[int]:
    """The ids of the processes that gunicorn's master has begun, each the same program as itself."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(one) for one in children if _program(one) == _program(str(master))]


def _program(process: str) -> str:
    with suppress(OSError):
        return os.readlink(f"/proc/{process}/exe")
    return ""
