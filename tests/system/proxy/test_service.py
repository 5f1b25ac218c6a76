"""deploy/callboard.service: its settings are the dashboard's, and systemd finds nothing wrong with it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config import SECRETS
from tests.support.processes import ROOT
from tests.support.settings_read import settings_read

UNIT = ROOT / "deploy" / "callboard.service"
# Of Python, of which the dashboard knows nothing.
NOT_OURS = {"PYTHONDONTWRITEBYTECODE"}
# Of 100, by `systemd-analyze security`: 96 for a service without a restriction.
LARGEST_EXPOSURE = 15


def test_its_settings_are_those_that_are_read_and_no_secret_stands_in_it() -> None:
    text = UNIT.read_text()
    named = dict(re.findall(r"^Environment=(\w+)=(.+)$", text, re.M))
    credentials = re.findall(r"^LoadCredential=(\w+):/etc/callboard/\w+$", text, re.M)

    assert named.keys() - NOT_OURS <= settings_read() | {f"{name}_FILE" for name in SECRETS}
    assert {named[name] for name in named if name.endswith("_FILE")} == {f"%d/{name}" for name in credentials}
    assert named.keys().isdisjoint(SECRETS)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_it_and_finds_it_hardened(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace("/opt/callboard/.venv/bin/python", sys.executable))

    for check in (["verify"], ["security", "--offline=true", f"--threshold={LARGEST_EXPOSURE}"]):
        checked = subprocess.run(["systemd-analyze", *check, str(here)], capture_output=True, text=True)

        assert checked.returncode == 0, checked.stdout + checked.stderr
