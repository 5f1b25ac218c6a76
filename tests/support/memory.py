"""How much memory programs take."""

import os
from pathlib import Path


def memory(process_id: int) -> int:
    """The resident memory of a process and of those that it started, in bytes."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") + sum(memory(int(child)) for child in children)
