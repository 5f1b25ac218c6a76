"""Tokens appear only where they are parsed, refreshed and sent; everything else has an authorized client."""

import re

from tests.support.processes import ROOT

TOKEN = re.compile(r"\b(access_token|refresh_token|Tokens|TokenGrant|with_token|with_any_token)\b|\.tokens\b")
ROOMS = ("aircall/api/", "aircall/auth/", "aircall/models.py")


def test_tokens_stay_in_their_packages() -> None:
    paths = [*(ROOT / "aircall").rglob("*.py"), ROOT / "app.py", ROOT / "config.py"]
    named = {str(path.relative_to(ROOT)): TOKEN.findall(path.read_text()) for path in paths}

    assert any(found for name, found in named.items() if name.startswith(ROOMS))
    assert {name for name, found in named.items() if found and not name.startswith(ROOMS)} == set()
