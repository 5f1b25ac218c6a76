"""The version is the same everywhere, and the changelog has every setting and metric that came or went."""

import json
import re
import shutil
from pathlib import Path

import pytest

from aircall import VERSION
from aircall.api.transport import USER_AGENT
from scripts.release import ReleaseError, names_in, release
from tests.support.processes import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
RELEASED = json.loads((ROOT / "docs" / "released.json").read_text())
FILES = (
    "CHANGELOG.md",
    "Dockerfile",
    "config.py",
    "aircall/__init__.py",
    "aircall/metrics.py",
    "docs/released.json",
)


def unreleased(changelog: str) -> str:
    return changelog.split("\n## [Unreleased]\n")[1].split("\n## [")[0]


@pytest.mark.parametrize("kind", ["settings", "metrics"])
def test_the_changelog_tells_which_settings_and_metrics_came_and_went_since_the_last_release(
    kind: str,
) -> None:
    changed = set(RELEASED[kind]) ^ set(names_in(ROOT)[kind])

    assert [name for name in sorted(changed) if f"`{name}`" not in unreleased(CHANGELOG)] == []


def test_the_version_is_the_same_everywhere() -> None:
    (label,) = re.findall(
        r'^LABEL org.opencontainers.image.version="(.+)"$', (ROOT / "Dockerfile").read_text(), re.M
    )
    latest = re.findall(r"^## \[(\d.+?)\] - \d{4}-\d\d-\d\d$", CHANGELOG, re.M)[0]

    assert {VERSION, label, latest, RELEASED["version"], USER_AGENT.removeprefix("Callboard/")} == {VERSION}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the files that have the version, or names, in them."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_release_has_the_new_version_and_an_empty_list_of_changes(copied: Path) -> None:
    release(copied, "9.8.7", "2031-02-03")

    changelog = (copied / "CHANGELOG.md").read_text()
    assert unreleased(changelog).strip() == ""
    assert "\n## [9.8.7] - 2031-02-03\n" + unreleased(CHANGELOG) in changelog
    assert changelog.endswith(CHANGELOG.split("\n## [Unreleased]\n")[1])
    assert '"9.8.7"' in (copied / "aircall/__init__.py").read_text()
    assert 'image.version="9.8.7"' in (copied / "Dockerfile").read_text()
    assert json.loads((copied / "docs/released.json").read_text()) == {"version": "9.8.7"} | names_in(ROOT)


@pytest.mark.parametrize("version", ["1", "v1.0.0", "1.0", VERSION, "0.0.9"])
def test_a_version_that_is_none_or_not_newer_is_refused(copied: Path, version: str) -> None:
    with pytest.raises(ReleaseError):
        release(copied, version, "2031-02-03")

    assert (copied / "CHANGELOG.md").read_text() == CHANGELOG


def test_nothing_new_is_not_released(copied: Path) -> None:
    release(copied, "9.8.7", "2031-02-03")

    with pytest.raises(ReleaseError, match="nothing"):
        release(copied, "9.8.8", "2031-02-03")
