"""The Node that a folder of npm packages brings along."""

from pathlib import Path

from tests.support.processes import ROOT

# The checks that want a newer Node than the dashboard's own, with that Node.
TOOLS = ROOT / "tools"


def node_of(folder: Path) -> str:
    """Return the Node among the packages of this folder; the system's own where there is none."""
    return str(next((folder / "node_modules").glob("node-*/bin/node"), "node"))
