"""What the documents say about settings, commands and files is so."""

import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from config import Config
from tests.support.processes import ROOT
from tests.support.settings_read import settings_read

README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/operations.md",
    "sandbox/README.md",
    ".env.example",
)
CODE = re.compile(r"^```\n(.*?)^```|`([^`\n]+)`", re.DOTALL | re.MULTILINE)
TABLE_ROW = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \|", re.MULTILINE)
COMMENTED_OUT = re.compile(r"^#(?=[A-Z_]+=)", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?://)([^)]+)\)")
FILE_NAME = re.compile(r"[\w./-]+\.(?:py|mjs|js|css|html|md)\b")
MACHINE_PATH = re.compile(r"(?<![\w.>}])/(?:home|mnt|opt|root|srv|tmp|usr|Users|var|work)/")


def code(document: str) -> list[str]:
    """What stands in a document as code: its blocks and the words within a line."""
    return [block or words for block, words in CODE.findall((ROOT / document).read_text())]


def test_the_readme_explains_exactly_the_settings_that_are_read() -> None:
    explained = [name for name, _ in TABLE_ROW.findall(README)]

    assert sorted(explained) == sorted(settings_read())


def test_operators_are_told_of_exactly_the_settings_that_are_read() -> None:
    section = OPERATIONS.split("\n## Settings\n")[1].split("\n## ")[0]

    assert sorted(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE)) == sorted(settings_read())


def test_the_example_names_exactly_the_settings_that_are_read_and_sets_none() -> None:
    offered = re.findall(r"^#([A-Z_]+)=", EXAMPLE, re.MULTILINE)

    assert sorted(offered) == sorted(settings_read())
    assert [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")] == []


def test_the_example_shows_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(COMMENTED_OUT.sub("", EXAMPLE))
    shown = {name: value or "" for name, value in dotenv_values(tmp_path / ".env").items()}

    assert Config.from_environment(shown) == Config.from_environment({})
    assert {name for name, value in shown.items() if value} >= {"AIRCALL_API_URL", "PORT", "LOG_LEVEL"}


def test_the_readme_shows_the_same_defaults_as_the_example() -> None:
    defaults = dict(TABLE_ROW.findall(README))

    for name, value in re.findall(r"^#([A-Z_]+)=(.+)$", EXAMPLE, re.MULTILINE):
        assert defaults[name] == f"`{value}`"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_in_a_document_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = {target for text in code(document) for target in re.findall(r"\bmake ([a-z-]+)", text)}

    assert named <= targets


def test_every_make_target_is_declared_and_listed() -> None:
    makefile = (ROOT / "Makefile").read_text()

    (declared,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)

    assert set(declared.split()) == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file(document: str) -> None:
    links = LINK.findall((ROOT / document).read_text())

    assert [link for link in links if not (ROOT / document).parent.joinpath(link).is_file()] == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_every_file_named_in_a_document_exists(document: str) -> None:
    names = {name for text in code(document) for name in FILE_NAME.findall(text)}
    folders = ("aircall", "bench", "docs", "sandbox", "scripts", "static", "templates", "tests")
    files = [*ROOT.iterdir(), *(path for folder in folders for path in (ROOT / folder).rglob("*.*"))]
    paths = [f"/{path.relative_to(ROOT)}" for path in files]

    assert names
    assert {name for name in names if not any(path.endswith(f"/{name}") for path in paths)} == set()


def test_the_architecture_names_every_module() -> None:
    drawing = (ROOT / "docs" / "architecture.md").read_text()
    modules = [path for path in (ROOT / "aircall").rglob("*.py") if path.name != "__init__.py"]

    assert [str(path) for path in modules if path.name not in drawing] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_has_no_path_of_somebodys_machine_and_nothing_left_to_do(document: str) -> None:
    text = (ROOT / document).read_text()

    assert MACHINE_PATH.findall(text) == []
    assert re.findall(r"\b(?:TODO|FIXME|XXX|TBD)\b", text) == []
