"""The settings that config.py reads, found in its source."""

import ast
import re

from config import LOG_LEVELS
from tests.support.processes import ROOT

SETTING = re.compile("[A-Z]+(_[A-Z]+)*")
# In capitals in config.py, but no settings.
VALUES = {*LOG_LEVELS, "UTC"}


def settings_read() -> set[str]:
    """Return the names of all settings that config.py reads."""
    source = ast.parse((ROOT / "config.py").read_text())
    literals = [node.value for node in ast.walk(source) if isinstance(node, ast.Constant)]
    return {text for text in literals if isinstance(text, str) and SETTING.fullmatch(text)} - VALUES
