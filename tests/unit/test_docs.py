"""The documents agree with the settings that are read, and name only what exists."""

import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from config import SECRETS, Config
from tests.support.processes import ROOT
from tests.support.settings_read import settings_read

README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
SECURITY = (ROOT / "docs" / "security.md").read_text()
INVARIANTS = (ROOT / "docs" / "invariants.md").read_text()
DOCUMENTS = [
    str(path.relative_to(ROOT))
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "sandbox" / "README.md"]
]
# The letter of each group of invariants, and how many there are.
INVARIANT_GROUPS = {"S": 21, "T": 9, "M": 8, "U": 10, "Q": 11, "D": 5, "F": 7, "K": 3, "L": 18}
SETTING_ROW = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \|", re.MULTILINE)
INVARIANT_ROW = re.compile(r"^\| ([A-Z]\d+) \| .+ \| (.+) \|$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)[^)]*\)")


def test_readers_and_operators_are_told_of_exactly_the_settings_that_are_read() -> None:
    section = OPERATIONS.split("\n## Settings\n")[1].split("\n## ")[0]

    for text in (README, section):
        assert sorted(name for name, _ in SETTING_ROW.findall(text)) == sorted(settings_read())


def test_the_example_names_exactly_the_settings_that_are_read_with_their_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(re.sub(r"^#(?=[A-Z_]+=)", "", EXAMPLE, flags=re.MULTILINE))
    offered = {name: value or "" for name, value in dotenv_values(tmp_path / ".env").items()}

    assert [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")] == []
    assert sorted(offered) == sorted(settings_read())
    assert Config.from_environment(offered) == Config.from_environment({})
    explained = dict(SETTING_ROW.findall(README))
    assert {name: f"`{value}`" for name, value in offered.items() if value}.items() <= explained.items()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file(document: str) -> None:
    links = LINK.findall((ROOT / document).read_text())

    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []


def test_the_architecture_names_every_module() -> None:
    modules = [path for path in (ROOT / "aircall").rglob("*.py") if path.name != "__init__.py"]

    assert [str(path) for path in modules if path.name not in ARCHITECTURE] == []


def test_every_invariant_is_proved_by_tests_that_exist() -> None:
    proofs = {name: re.findall(r"`([^`]+)`", cell) for name, cell in INVARIANT_ROW.findall(INVARIANTS)}

    assert list(proofs) == [
        f"{group}{n + 1}" for group, size in INVARIANT_GROUPS.items() for n in range(size)
    ]
    assert [name for name, paths in proofs.items() if not paths] == []
    assert [path for paths in proofs.values() for path in paths if not (ROOT / path).is_file()] == []


def test_what_is_said_of_security_names_promises_and_tests_that_exist() -> None:
    promises = {name for name, _ in INVARIANT_ROW.findall(INVARIANTS)}
    named = set(re.findall(r"\b[STMUQDFKL]\d+\b", SECURITY))
    paths = re.findall(r"`(tests/[^`]+)`", SECURITY)

    assert named
    assert named <= promises
    assert paths
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_readers_and_operators_are_told_which_settings_may_be_in_a_file() -> None:
    for text in (README, OPERATIONS):
        named = [sentence for sentence in re.split(r"[.:]\s", text) if "may be" in sentence]
        assert any(set(SECRETS) <= set(re.findall("`([A-Z_]+)`", sentence)) for sentence in named)
