"""`make release VERSION=1.2.3`: write a new version wherever the version stands.

Commits nothing: what it wrote is to be read first. docs/releasing.md has the rest.
"""

import ast
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from config import LOG_LEVELS

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}")
SETTING = re.compile("[A-Z]+(_[A-Z]+)*")
METRIC = re.compile("callboard_[a-z_]+")
# In capitals in config.py, but no settings.
VALUES = {*LOG_LEVELS, "UTC"}
UNRELEASED = "\n## [Unreleased]\n"
# The files with the version in them, and what stands around it.
PLACES = {
    "aircall/__init__.py": 'VERSION = "{}"',
    "Dockerfile": 'LABEL org.opencontainers.image.version="{}"',
}


class ReleaseError(Exception):
    """This cannot be released; the message says why."""


def main() -> None:
    """Release the version of the command line, today."""
    (version,) = sys.argv[1:] or ("",)
    try:
        release(ROOT, version, datetime.now(UTC).date().isoformat())
    except ReleaseError as error:
        sys.exit(f"Not released: {error}")
    print(f"Wrote version {version}. docs/releasing.md says how to go on.")


def release(root: Path, version: str, date: str) -> None:
    """Write this version into the files in `root`. Raises ReleaseError, and has written nothing then."""
    path = root / "docs" / "released.json"
    last = json.loads(path.read_text())["version"]
    changelog = (root / "CHANGELOG.md").read_text()
    if not VERSION.fullmatch(version) or _numbers(version) <= _numbers(last):
        raise ReleaseError(f"VERSION has to be three numbers, higher than {last}, not {version!r}.")
    before, _, after = changelog.partition(UNRELEASED)
    if not after.partition("\n## [")[0].strip():
        raise ReleaseError("there is nothing under [Unreleased] in CHANGELOG.md.")
    for name, place in PLACES.items():
        text = (root / name).read_text()
        (root / name).write_text(text.replace(place.format(last), place.format(version)))
    (root / "CHANGELOG.md").write_text(f"{before}{UNRELEASED}\n## [{version}] - {date}\n{after}")
    path.write_text(json.dumps({"version": version, **names_in(root)}, indent=2) + "\n")


def names_in(root: Path) -> dict[str, list[str]]:
    """Return the names of all settings and metrics that the sources in `root` have."""
    return {
        "metrics": sorted(_literals(root / "aircall" / "metrics.py", METRIC)),
        "settings": sorted(_literals(root / "config.py", SETTING) - VALUES),
    }


def _literals(path: Path, form: re.Pattern[str]) -> set[str]:
    values = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    return {text for text in values if isinstance(text, str) and form.fullmatch(text)}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


if __name__ == "__main__":
    main()
