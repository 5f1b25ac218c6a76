"""The core of the contract under gevent, as in production."""

import subprocess
import sys

from tests.support.processes import ROOT

CORE = "changed_call or dropped_link or silent_link or stop_is_quick"


def test_the_core_of_the_contract_holds_under_gevent() -> None:
    pytest_in_gevent = [sys.executable, "-m", "gevent.monkey", "--module", "pytest", "-p", "no:cacheprovider"]

    run = subprocess.run(
        [*pytest_in_gevent, "-q", "-k", CORE, "tests/integration/pusher/test_listener_contract.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "4 passed" in run.stdout
