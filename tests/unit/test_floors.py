"""The oldest releases that the shipped files may name: older ones have faults that are known."""

import re

import pytest

from tests.support.processes import ROOT

FLOORS = [
    ("deploy/compose.yaml", "postgres", (17, 11)),
    ("deploy/compose.yaml", "nginx", (1, 30)),
    ("deploy/compose.yaml", "redis", (8, 0)),
    ("Dockerfile", "node", (24, 0)),
    ("Dockerfile", "python", (3, 14)),
]


@pytest.mark.parametrize(("file", "image", "floor"), FLOORS)
def test_a_base_image_is_of_a_mended_release(file: str, image: str, floor: tuple[int, int]) -> None:
    named = re.findall(rf"\b{image}:(\d+)\.(\d+)", (ROOT / file).read_text())

    assert named
    assert [release for release in named if tuple(map(int, release)) < floor] == []
