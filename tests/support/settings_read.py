"""Which settings config.py reads, found in its source."""

import ast
import re

from config import LOG_LEVELS
from tests.support.processes import ROOT

SETTING = re.compile("[A-Z]+(_[A-Z]+)*")
# Written in capitals in config.py, and no settings.
VALUES = {*LOG_LEVELS, "UTC"}


def settings_read() -> set[str]:
    """Every setting that config.py reads, by the names that stand in its source."""
    source = ast.parse((ROOT / "config.py").read_text())
    literals = [node.value for node in ast.walk(source) if isinstance(node, ast.Constant)]
    return {text for text in literals if isinstance(text, str) and SETTING.fullmatch(text)} - VALUES
