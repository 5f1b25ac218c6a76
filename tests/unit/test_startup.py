"""`python app.py` becomes gunicorn without importing the application first."""

import subprocess
import sys

from tests.support.processes import ROOT


def test_the_checks_before_the_start_import_no_part_of_the_pages() -> None:
    report = "import sys, aircall.web.startup; print(*sys.modules)"

    ran = subprocess.run([sys.executable, "-c", report], cwd=ROOT, capture_output=True, text=True, check=True)

    imported = set(ran.stdout.split())
    assert "aircall.storage.database" in imported
    of_pages = {"flask", "gunicorn", "requests", "pysher", "aircall.web.services"}
    assert imported & {*of_pages, "alembic"} == set()
