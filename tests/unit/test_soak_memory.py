"""Memory is told from the growth of each process, however often others begin anew."""

import subprocess
import sys

import pytest

from tests.soak.memory import Look, growth, look
from tests.support.workers import workers_of

HOUR = 3600.0
# Begins a worker and something else, both of which end with its input.
MASTER = """
import subprocess, sys
with subprocess.Popen(["cat"]), subprocess.Popen([sys.executable, "-c", "input()"], stderr=-3) as worker:
    print(worker.pid, flush=True)
"""


def life(worker: int, begins: float, ends: float, *, level: float, hourly: float) -> list[Look]:
    """A process that takes 40 MB in its first minute, and then grows."""
    return [
        (now, worker, level - max(0.0, 40 - (now - begins)) + hourly * now / HOUR)
        for now in map(float, range(int(begins), int(ends), 2))
    ]


@pytest.mark.parametrize("hourly", [0.0, 12.0, -3.0])
def test_growth_is_that_of_warm_processes_whatever_their_level(hourly: float) -> None:
    lives = [(1, 0, 900, 90), (2, 0, 400, 120), (3, 400, 900, 70), (4, 860, 900, 10)]
    looks = [
        one
        for worker, begins, ends, level in lives
        for one in life(worker, begins, ends, level=level, hourly=hourly)
    ]

    assert growth(looks) == pytest.approx(hourly)


def test_where_none_lived_for_long_there_is_no_growth_to_tell() -> None:
    assert growth(life(1, 0, 60, level=90, hourly=50)) is None
    assert growth([]) is None


def test_a_look_has_the_memory_of_each_child_that_runs_the_same_program() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", MASTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as master:
        assert master.stdin
        assert master.stdout
        worker = int(master.stdout.readline())

        assert workers_of(master.pid) == [worker]
        ((now, looked_at, size),) = look(3.0, master.pid)
        assert (now, looked_at) == (3.0, worker)
        assert 1 < size < 1000

        master.stdin.close()
