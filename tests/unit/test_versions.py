"""Every promised Python and Node: named alike everywhere, and excluded by no pin."""

import json
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.support.processes import ROOT

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
NODES = ("20", "22", "24")
# What the image has, and what people are advised to install.
BEST_PYTHON, BEST_NODE = PYTHONS[-1], NODES[-1]
LOCKS = {name: (ROOT / f"{name}.txt").read_text() for name in ("requirements", "requirements-dev")}
# Name, version, marker, hashes.
PIN = re.compile(
    r"^([a-z0-9-]+)==([^ \n]+)(?: ; ([^\\\n]+?))?(?: \\((?:\n    --hash=sha256:\w{64}(?: \\)?)+))$", re.M
)
NPM_FOLDERS = [path.parent for path in ROOT.glob("**/package-lock.json") if "node_modules" not in path.parts]


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def pins(python: str) -> dict[str, str]:
    """The pinned packages, and their versions, that are installed on the latest release of this Python."""
    environment = {"python_version": python, "python_full_version": f"{python}.99"}
    return {
        name: version
        for lock in LOCKS.values()
        for name, version, marker, _ in PIN.findall(lock)
        if not marker or Marker(marker).evaluate(environment)
    }


def needed(python: str) -> Iterator[Requirement]:
    """What our requirements ask for on this Python, and what that asks for in turn, where it is installed."""
    lines = [line for name in LOCKS for line in text_of(f"{name}.in").splitlines()]
    waiting = [Requirement(line) for line in lines if line and line[0] not in "#-"]
    seen: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        yield requirement
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        try:
            requires = distribution(requirement.name).requires or ()
        except PackageNotFoundError:
            continue
        environments = [
            {"python_version": python, "python_full_version": f"{python}.99", "extra": extra}
            for extra in ("", *requirement.extras)
        ]
        for asked in map(Requirement, requires):
            if not asked.marker or any(map(asked.marker.evaluate, environments)):
                waiting.append(asked)


@pytest.mark.parametrize("python", PYTHONS)
def test_no_pin_excludes_a_promised_python(python: str) -> None:
    excluded = []
    for name, version in pins(python).items():
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            # Pinned for another Python than this one.
            continue
        supported = SpecifierSet(",".join(installed.metadata.get_all("Requires-Python") or ()))
        if installed.version == version and f"{python}.99" not in supported:
            excluded.append(f"{name} {version} is for Python {supported}")

    assert excluded == []


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_is_whole_on_each_promised_python(python: str) -> None:
    pinned = pins(python)

    missing = {
        str(requirement)
        for requirement in needed(python)
        if not requirement.specifier.contains(
            pinned.get(canonicalize_name(requirement.name), "0.dev0"), prereleases=False
        )
    }

    assert {"flask", "pytest"} <= pinned.keys()
    assert missing == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_each_pin_has_hashes_and_no_registry_is_named(lock: str) -> None:
    names = re.findall(r"^([a-z0-9-]+)", LOCKS[lock], re.M)

    assert [name for name, _, _, hashes in PIN.findall(LOCKS[lock]) if hashes] == names
    assert "://" not in LOCKS[lock]


@pytest.mark.parametrize("folder", NPM_FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_each_package_of_npm_has_a_hash_and_no_registry_is_named(folder: Path) -> None:
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]

    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_readers_makers_and_ci_are_told_of_the_same_versions() -> None:
    promise = f"Python {PYTHONS[0]} to {PYTHONS[-1]}, Node {', '.join(NODES[:-1])} or {NODES[-1]}"
    matrix = yaml.safe_load(text_of(".github/workflows/ci.yml"))["jobs"]["all"]["strategy"]["matrix"][
        "include"
    ]

    for name in ("README.md", "CONTRIBUTING.md", "Makefile"):
        assert promise in text_of(name), name
    assert f"Node {BEST_NODE} is the one to install" in text_of("README.md")
    assert [pair["python"] for pair in matrix] == [*PYTHONS]
    assert {pair["node"] for pair in matrix} == {*NODES}
    assert json.loads(text_of("package.json"))["engines"] == {"node": f">={NODES[0]}"}
    assert f'python_version = "{PYTHONS[0]}"' in text_of("pyproject.toml")
    assert f'target-version = "py{PYTHONS[0].replace(".", "")}"' in text_of("pyproject.toml")
    assert f"--python-version {PYTHONS[0]} " in text_of("Makefile")


def test_the_images_have_the_best_of_them() -> None:
    dockerfile = text_of("Dockerfile")
    compose = yaml.safe_load(text_of("deploy/compose.yaml"))["services"]

    assert re.findall(r"^FROM node:(\d+)\.", dockerfile, re.M) == [BEST_NODE]
    assert set(re.findall(r"^FROM python:(\d+\.\d+)\.", dockerfile, re.M)) == {BEST_PYTHON}
    # What Compose serves is built from that file, so that no other version gets in.
    assert {service["build"] for service in compose.values() if service["image"] == "callboard"} == {".."}


def test_tools_for_another_node_bring_one_along_that_they_run_on() -> None:
    for folder, major in (("tools", BEST_NODE), ("tests/soketi", "20")):
        brought = json.loads(text_of(f"{folder}/package.json"))["optionalDependencies"]
        assert {version.partition(".")[0] for version in brought.values()} == {major}, folder
