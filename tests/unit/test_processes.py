"""How tests start programs and stop them."""

import sys

import pytest

from tests.support.processes import running

IGNORES_SIGTERM = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready 42", flush=True)
signal.pause()
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_program_runs_until_the_end_of_the_block() -> None:
    with running(
        python("print('ready 42', flush=True); import signal; signal.pause()"), r"ready (\d+)"
    ) as it:
        assert it.process.poll() is None

    assert it.ready[1] == "42"
    assert it.process.returncode == -15
    assert it.output() == "ready 42\n"


def test_output_is_drained_however_much_there_is() -> None:
    noisy = "print('ready', flush=True); print('x' * 10_000_000); print('done')"

    with running(python(noisy), "ready") as it:
        assert it.process.wait(20) == 0

    assert it.output().endswith("done\n")


def test_a_program_that_dies_early_shows_what_it_said() -> None:
    with (
        pytest.raises(AssertionError, match="no such luck"),
        running(python("exit('no such luck')"), "ready"),
    ):
        pass


def test_a_program_that_is_never_ready_is_stopped() -> None:
    silent = python("import signal; signal.pause()")

    with (
        pytest.raises(AssertionError, match="was not ready within"),
        running(silent, "ready", deadline=0.2),
    ):
        pass


def test_a_program_that_does_not_heed_is_killed() -> None:
    with running(python(IGNORES_SIGTERM), "ready", stopping_time=0.1) as it:
        pass

    assert it.process.returncode == -9
