"""The settings that config.py reads, found in its source."""

from scripts.release import names_in
from tests.support.processes import ROOT


def settings_read() -> set[str]:
    """Return the names of all settings that config.py reads."""
    return set(names_in(ROOT)["settings"])
