"""The promises of docs/invariants.md, and what came of the tests that prove them."""

import re
import subprocess
import sys
from collections import Counter
from xml.etree import ElementTree

from scripts.run_tests import RESULTS, state_of_source
from tests.security.rows import Row
from tests.support.processes import ROOT

PROMISE = re.compile(r"^\| (S\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)
LONGEST = 90


def promise_rows() -> list[Row]:
    """Return a row for each promise about security; runs its tests unless `make test` ran on this source."""
    found = PROMISE.findall((ROOT / "docs" / "invariants.md").read_text())
    promises = [(name, words, re.findall(r"`([^`]+)`", proof)) for name, words, proof in found]
    outcomes = _outcomes(sorted({path for _, _, paths in promises for path in paths}))
    return [_row(f"{name} {words}", paths, outcomes) for name, words, paths in promises]


def _row(what: str, paths: list[str], outcomes: dict[str, Counter[str]]) -> Row:
    counts = sum((outcomes.get(path, Counter()) for path in paths), Counter[str]())
    ran_all = all(outcomes.get(path, Counter())["passed"] for path in paths)
    return Row(
        what=what if len(what) <= LONGEST else f"{what[: LONGEST - 1]}…",
        how=f"tests in {len(paths)} files",
        figure=f"{counts['passed']} passed, {counts['failed']} failed",
        limit="0 failed",
        holds=ran_all and not counts["failed"],
    )


def _outcomes(paths: list[str]) -> dict[str, Counter[str]]:
    """Return how many tests of each file passed and failed, a retried one by its last run."""
    state = RESULTS / "state"
    if not state.exists() or state.read_text() != state_of_source():
        command = [sys.executable, "-m", "scripts.run_tests", *paths]
        subprocess.run(command, cwd=ROOT, check=False)  # no user input
    last: dict[tuple[str, str], str] = {}
    for file in sorted(RESULTS.glob("*.xml"), key=lambda path: path.stat().st_mtime):
        for case in ElementTree.parse(file).iter("testcase"):  # noqa: S314  # written by our own pytest
            failed = case.find("failure") is not None or case.find("error") is not None
            outcome = "failed" if failed else "skipped" if case.find("skipped") is not None else "passed"
            last[case.get("classname", ""), case.get("name", "")] = outcome
    outcomes: dict[str, Counter[str]] = {}
    for (module, _), outcome in last.items():
        outcomes.setdefault(f"{module.replace('.', '/')}.py", Counter())[outcome] += 1
    return outcomes
