"""Lighthouse scores of the login page, the list and a call."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from bench.figures import Figure
from tests.support.dashboard import COOKIE, log_in, serving
from tests.support.node import TOOLS, node_of
from tests.support.sandbox import Sandbox

AUDIT = Path(__file__).parent / "lighthouse" / "audit.mjs"
FULL = 100.0


def run() -> list[Figure]:
    """Return one figure per page and category: 100 relative to the score, which must not be lower."""
    with (
        tempfile.TemporaryDirectory() as data_dir,
        Sandbox.start() as sandbox,
        serving(sandbox, Path(data_dir)) as address,
    ):
        call_id = sandbox.calls()[0]["id"]
        return _audit([f"{address}{path}" for path in ("/login", "/calls", f"/calls/{call_id}")], address)


def _audit(pages: list[str], address: str) -> list[Figure]:
    figures = []
    command = [node_of(TOOLS), str(AUDIT), f"{COOKIE}={log_in(address)}", *pages]
    environment = os.environ | {"CHROME_PATH": shutil.which("chromium") or ""}
    answer = subprocess.run(  # noqa: S603 - no user input
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    for line in answer.stdout.splitlines():
        audit = json.loads(line)
        page = _name(audit["address"])
        if audit["failed"]:
            print(f"Lighthouse, {page}, failed: {', '.join(audit['failed'])}")
        figures += [
            # A figure must not exceed its limit, so the score is the reference.
            Figure(f"Lighthouse, {page}, {category}", FULL, max(score, 1), "points", 1.0)
            for category, score in audit["scores"].items()
        ]
    return figures


def _name(address: str) -> str:
    parts = urlsplit(address).path.strip("/").split("/")
    return "call" if len(parts) > 1 else parts[0]
