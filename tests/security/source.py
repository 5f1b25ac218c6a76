"""What can be told from the source alone: rules for code and templates, and secrets in files."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from scripts.run_tests import tracked_files
from tests.security.rows import Row
from tests.support.processes import ROOT

FOLDER = Path("tools/security")
RULES = FOLDER / "rules"
# Examples in tests and documents, made-up passwords, hashes.
BASELINE = FOLDER / "baseline.json"
# What runs at users', and what their browsers get.
CODE = ("app.py", "config.py", "gunicorn.conf.py", "aircall", "static/js", "templates")
# Generated, and full of hashes.
LOCKS = re.compile(r"requirements.*\.txt$|package-lock\.json$|^bench/history\.jsonl$|baseline\.json$")


def source_rows() -> list[Row]:
    """Check the rules on their examples and on the source, and look for secrets in every tracked file."""
    return [_examples(), _code(), _secrets()]


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "SEMGREP_SETTINGS_FILE": f"{folder}/settings.yml",
            "SEMGREP_SEND_METRICS": "off",
        }
        return subprocess.run(  # no user input
            [FOLDER / ".venv" / "bin" / program, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


def _semgrep(*arguments: str) -> dict[str, object]:
    answer = _run("semgrep", "scan", "--metrics=off", "--disable-version-check", "--json", *arguments)
    found: dict[str, object] = json.loads(answer.stdout)
    return found


def _examples() -> Row:
    """Every rule finds its bad examples and leaves the good ones."""
    answer = _run("semgrep", "scan", "--test", "--metrics=off", "--json", f"--config={RULES}", str(RULES))
    results = json.loads(answer.stdout)["results"].values()
    checks = [check for result in results for check in result["checks"].values()]
    passed = sum(check["passed"] for check in checks)
    return Row(
        what="The rules find what they are for",
        how=f"semgrep on the examples in {RULES}",
        figure=f"{passed} of {len(checks)} rules",
        limit="all",
        holds=passed == len(checks) > 0,
    )


def _code() -> Row:
    """No rule finds anything in the code, the scripts and the templates."""
    found = _semgrep(f"--config={RULES}", *CODE)
    results, errors, paths = found["results"], found["errors"], found["paths"]
    assert isinstance(results, list)
    assert isinstance(errors, list)
    assert isinstance(paths, dict)
    for result in results:
        print(f"{result['path']}:{result['start']['line']}: {result['extra']['message']}")
    for error in errors:
        print(error["message"])
    return Row(
        what="Nothing that is sent is run or shown as markup; no view lacks its login or token",
        how=f"semgrep on {len(paths['scanned'])} files",
        figure=f"{len(results)} findings",
        limit="0",
        holds=not results and not errors and len(paths["scanned"]) > 0,
    )


def _secrets() -> Row:
    """No tracked file has a secret but those that are known to be none."""
    files = [name for name in tracked_files() if not LOCKS.search(name)]
    found = _secrets_of(json.loads(_run("detect-secrets", "scan", *files).stdout))
    new = sorted(found - _secrets_of(json.loads((ROOT / BASELINE).read_text())))
    for name, digest in new:
        print(f"{name}: looks like a secret. If it is none, its hash belongs into {BASELINE}: {digest}")
    return Row(
        what="No file has a secret",
        how=f"detect-secrets on {len(files)} files",
        figure=f"{len(new)} beside the {len(found) - len(new)} known examples",
        limit="0",
        holds=bool(found) and not new,
    )


def _secrets_of(report: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the file and the hash of each secret in a report, wherever in the file it stands."""
    return {(name, each["hashed_secret"]) for name, secrets in report["results"].items() for each in secrets}
