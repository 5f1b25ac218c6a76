"""Asks an API from a process of its own that runs under gevent, as the dashboard does when it serves."""

import subprocess
import sys
from dataclasses import dataclass

from tests.support.processes import ROOT

PROGRAM = "tests.contract.patched_client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How it ended, after how many seconds, and how often others got their turn meanwhile."""

    outcome: str
    seconds: float
    turns: int


def ask_under_gevent(url: str, deadline: float) -> Asked:
    """Ask once who the user is. It inherits the environment."""
    command = [sys.executable, "-W", "error", "-m", PROGRAM, url, str(deadline)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == 0, run.stderr
    outcome, seconds, turns = run.stdout.split()
    return Asked(outcome=outcome, seconds=float(seconds), turns=int(turns))
