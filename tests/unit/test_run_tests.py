"""`make test` names the tests that it had to run twice, and asks for the coverage in every run."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.processes import ROOT

SETTINGS = '[tool.coverage.run]\nbranch = true\nsource = ["project"]\n'
FLAKY = """
from pathlib import Path
from project import used

def test_that_fails_once():
    is_first = not Path("seen").exists()
    Path("seen").touch()
    assert used() and not is_first

def test_that_passes():
    assert used()
"""
PROJECT = """
def used():
    return True

def unused(flag):
    return 1 if flag else 2
"""


def test_a_retried_test_is_named_and_the_coverage_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    (tmp_path / "project.py").write_text(PROJECT)
    (tmp_path / "test_flaky.py").write_text(FLAKY)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{tmp_path}"}

    ran = subprocess.run(
        [sys.executable, "-m", "scripts.run_tests"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert "passed alone: test_flaky.py::test_that_fails_once\nRetried tests: 1\n" in ran.stdout, ran.stdout
    # The tests passed in the end, but too little is covered.
    assert ran.returncode == 2, ran.stdout
