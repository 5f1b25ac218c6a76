"""The stops of the tour where something is refused, missing or broken."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.pages import call_ids, expect_live, open_call
from tests.support.sandbox import Sandbox

# Told the state's name at each stop; the page stands still meanwhile.
Look = Callable[[str], None]

NO_CALL = "00000000-0000-4000-8000-000000000000"
# Neither token nor owner: as from a page that nobody's session has made.
SEND_WITHOUT_TOKEN = """() => {
  const form = document.getElementById('note-form');
  for (const name of ['csrf_token', 'form_owner']) form.elements[name].remove();
  form.submit();
}"""


def refusals(page: Page, sandbox: Sandbox, look: Look) -> None:
    """What is not there, what is not answered, and what comes too late."""
    page.goto(f"/calls/{NO_CALL}")
    look("error-404")
    sandbox.answer_503(None, f"/calls/{NO_CALL}")
    page.goto(f"/calls/{NO_CALL}")
    look("error-503")
    sandbox.clear_faults()
    page.goto("/calls?view=all")
    open_call(page, call_ids(page)[0])
    page.evaluate(SEND_WITHOUT_TOKEN)
    expect(page.get_by_role("heading", name="This page has expired")).to_be_visible()
    look("error-expired")


def offline(page: Page, look: Look) -> None:
    """A list that is not live any more, and says so."""
    page.goto("/calls")
    expect_live(page)
    page.context.set_offline(True)
    expect(page.locator("#banner")).not_to_be_empty()
    look("list-offline")
    page.context.set_offline(False)


def broken(page: Page, data_dir: Path, look: Look) -> None:
    """A storage that holds what nobody has foreseen, and one that has lost what it kept."""
    tables = tables_of(data_dir)
    change(data_dir, [f"UPDATE \"{name}\" SET notes = '{{'" for name in tables if "_calls_" in name])  # noqa: S608
    page.goto("/calls?view=all&type=missed")
    expect(page.get_by_role("heading", name="Something went wrong")).to_be_visible()
    look("error-500")
    change(data_dir, [f'DROP TABLE IF EXISTS "{name}"' for name in tables])
    page.goto("/calls?view=all&type=missed")
    expect(page.get_by_text("can't reach its own storage")).to_be_visible()
    look("error-storage")


def tables_of(data_dir: Path) -> list[str]:
    """The tables of the call log, but for those that SQLite keeps for its search."""
    with closing(sqlite3.connect(data_dir / "calls.db")) as log:
        names = log.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE 'callboard!_%' ESCAPE '!' AND type = 'table'"
        ).fetchall()
    return [name for (name,) in names]


def change(data_dir: Path, statements: list[str]) -> None:
    """Do that to the call log behind the dashboard's back."""
    with closing(sqlite3.connect(data_dir / "calls.db")) as log, log:
        for statement in statements:
            log.execute(statement)
