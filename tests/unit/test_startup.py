"""`python app.py` becomes gunicorn without importing the application first."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aircall.web.startup import check_privacy, warn
from config import Config, ConfigError
from tests.support.processes import ROOT


def test_the_checks_before_the_start_import_no_part_of_the_pages() -> None:
    report = "import sys, aircall.web.startup; print(*sys.modules)"

    ran = subprocess.run([sys.executable, "-c", report], cwd=ROOT, capture_output=True, text=True, check=True)

    imported = set(ran.stdout.split())
    assert "aircall.storage.database" in imported
    of_pages = {"flask", "gunicorn", "requests", "pysher", "aircall.web.services"}
    assert imported & {*of_pages, "alembic"} == set()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A private folder, above which all are open, as pytest's own are not."""
    with TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize(
    ("name", "mode", "is_open"),
    [
        ("data", 0o750, False), ("data", 0o711, False), ("data", 0o755, True), ("data", 0o702, True),
        ("data/secret_key", 0o640, False), ("data/secret_key", 0o644, True), ("token", 0o640, False),
        ("token", 0o604, True),
    ],
)  # fmt: skip
def test_what_other_users_may_read_is_refused_in_one_line_unless_no_way_leads_there(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, mode: int, is_open: bool
) -> None:
    settings = {"DATA_DIR": str(folder / "data"), "METRICS_TOKEN_FILE": str(folder / "token")}
    (folder / "token").write_text("16-characters-ok")
    (folder / "token").chmod(0o600)
    config = Config.from_environment(settings)
    (folder / "data").chmod(0o711)
    (folder / name).chmod(mode)

    assert check_privacy(config, settings) == []

    folder.chmod(0o755)
    found = check_privacy(config, settings)
    assert [str(folder / name) in line for line in found] == [True] * is_open
    if is_open:
        with pytest.raises(ConfigError, match="ALLOW_INSECURE=yes"):
            warn(config, found)
    warn(Config.from_environment(settings | {"ALLOW_INSECURE": "yes"}), found)
    assert capsys.readouterr().err.count("\n") == len(found)
