"""Runs the tests in parallel, those that failed once more alone, and asks for the coverage of both runs.

`python -m scripts.run_tests TEST…`. Prints every retried test by name at the end, so that none stays unseen.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

# Percent of the branches; 95.6 were covered when this was set.
COVERAGE = 95
# Four workers keep two cores busy, because most tests wait more than they work. One file shares one sandbox.
PARALLEL = ("-n", "4", "--dist", "loadfile", "--cache-clear")
# The API client's deadline works under gevent alone, as it is served. gevent and xdist do not mix.
UNDER_GEVENT = "tests/integration/api/transport"
ALONE = ("--last-failed", "--last-failed-no-failures", "none", "--cov-append")
LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")
# What came of each test, for `make security`, and of which source that is told.
RESULTS = Path(".pytest_cache/results")
# pytest's exit status for tests that failed, in contrast to a run that could not take place.
TESTS_FAILED = 1


def main(tests: list[str]) -> int:
    """Run these tests, all by default. Returns the exit status."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    status = _pytest(*PARALLEL, _results("parallel"), *tests)
    retried = _last_failed() if status == TESTS_FAILED else []
    if retried:
        status = _pytest(*ALONE, _results("alone"), *tests)
    if not tests and Path(UNDER_GEVENT).exists():
        arguments = ("pytest", UNDER_GEVENT, "--cov", "--cov-report=", "--cov-append", _results("gevent"))
        status = _python("gevent.monkey", "--module", *arguments) or status
    (RESULTS / "state").write_text(state_of_source())
    coverage = _python("coverage", "report", f"--fail-under={COVERAGE}")
    print(*_summary(retried, _last_failed()), sep="\n")
    return status or coverage


def tracked_files() -> list[str]:
    """Return the names of the files that git knows of, in the folder of the project."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # no user input
    return sorted(name for name in listed.stdout.split("\0") if name)


def state_of_source() -> str:
    """Return a hash of all tracked files, by which this source is told from any other."""
    digest = hashlib.sha256()
    for name in tracked_files():
        path = Path(name)
        digest.update(name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


def _results(name: str) -> str:
    RESULTS.mkdir(parents=True, exist_ok=True)
    return f"--junitxml={RESULTS / name}.xml"


def _pytest(*arguments: str) -> int:
    return _python("pytest", "--cov", "--cov-report=", *arguments)


def _python(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", *arguments], check=False).returncode  # noqa: S603  # no user input


def _last_failed() -> list[str]:
    return sorted(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.exists() else []


def _summary(retried: list[str], failed: list[str]) -> list[str]:
    lines = [f"{'failed again' if name in failed else 'passed alone'}: {name}" for name in retried]
    return [*lines, f"Retried tests: {len(retried)}"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
