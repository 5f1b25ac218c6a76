"""Memory is told from the growth of each process, however often others begin anew."""

import os

import pytest

from tests.soak.memory import Look, growth, look, workers_of

HOUR = 3600.0


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


def test_a_look_has_the_memory_of_each_child() -> None:
    looks = look(3.0, os.getppid())

    assert all(1 < size < 100_000 for _, _, size in looks)
    assert {worker for _, worker, _ in looks} <= set(workers_of(os.getppid()))
    assert os.getpid() in {worker for _, worker, _ in looks}
