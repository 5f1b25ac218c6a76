"""Folders of npm packages, and the Node that some bring along."""

import subprocess
from pathlib import Path

from tests.support.processes import ROOT

# The checks that want a newer Node than the dashboard's own, with that Node.
TOOLS = ROOT / "tools"
PUSHER_JS = ROOT / "tests" / "sandbox" / "pusher_js"
# Seconds that npm may take for two small packages.
INSTALL_TIMEOUT = 50


def node_of(folder: Path) -> str:
    """Return the Node among the packages of this folder; the system's own where there is none."""
    return str(next((folder / "node_modules").glob("node-*/bin/node"), "node"))


def installed_pusher_js() -> Path:
    """Return the folder with Pusher's JavaScript client in it, once npm has put it there."""
    if not (PUSHER_JS / "node_modules" / "pusher-js").exists():
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=PUSHER_JS, check=True, timeout=INSTALL_TIMEOUT)
    return PUSHER_JS
