"""Tours of every page in every state that people see it in."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages import add_note, call_ids, expect_live, note_field, open_call, sign_in, tick
from tests.support.sandbox import Sandbox

# What goes wrong on this way is part of it: that is what is looked at.
TROUBLES = (
    r"answer 400: POST .*/notes",
    r"answer 400: POST .*/archive",
    r"answer 401: POST .*/login",
    r"answer 404: GET .*/calls/",
    r"answer 50[03]: GET .*/calls",
    "ERR_INTERNET_DISCONNECTED",
)
NOTES = ("Asked for a copy of the March invoice.", "Invoice sent by e-mail. Call back on Thursday.")
# Longer than the tour stays at such a stop; it ends with the fault.
FOREVER = 600.0
# Told the name of the state at each stop; the page stands still meanwhile.
Look = Callable[[str], None]
NO_CALL = "00000000-0000-4000-8000-000000000000"
# Neither token nor owner: as from a page that no session has made.
SEND_WITHOUT_TOKEN = """() => {
  const form = document.getElementById('note-form');
  for (const name of ['csrf_token', 'form_owner']) form.elements[name].remove();
  form.submit();
}"""


def tour_lists(page: Page, sandbox: Sandbox, _data_dir: Path, look: Look) -> None:
    """Look at the login, the lists and the insights, on a dashboard that has not been used yet."""
    _login(page, sandbox, look)
    _lists(page, look)
    _insights(page, look)
    _other_pages(page, look)
    _sessions(page, look)


def tour_changes(page: Page, sandbox: Sandbox, _data_dir: Path, look: Look) -> None:
    """Look at changes of a few calls and of many, and at a call's own page."""
    sign_in(page)
    _changes(page, sandbox, look)
    _many_calls(page, sandbox, look)
    _call(page, sandbox, look)


def tour_troubles(page: Page, sandbox: Sandbox, data_dir: Path, look: Look) -> None:
    """Look at what is refused, missing or broken; the dashboard is broken at the end."""
    sign_in(page)
    _refusals(page, sandbox, look)
    _offline(page, look)
    _broken(page, data_dir, look)


TOURS = (tour_lists, tour_changes, tour_troubles)


def _login(page: Page, sandbox: Sandbox, look: Look) -> None:
    """The login page, one that was refused, and the list while it is read for the first time."""
    page.goto("/login")
    look("login")
    sandbox.reject_logins()
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look("login-refused")
    sandbox.clear_faults()
    sandbox.be_slow(FOREVER, path="/calls")
    sign_in(page)
    expect(page.locator("[data-syncing]")).to_be_visible()
    look("list-first-reading")
    page.goto("/insights")
    look("insights-first-reading")
    sandbox.clear_faults()
    page.goto("/calls")
    expect(page.locator("[data-syncing]")).to_have_count(0, timeout=60_000)


def _lists(page: Page, look: Look) -> None:
    """The list with calls and without, at rest."""
    stops = {
        "list": "/calls",
        "list-archived": "/calls?view=archived",
        "list-all": "/calls?view=all",
        "list-filtered": "/calls?view=all&type=missed&direction=inbound",
        "list-page-2": "/calls?view=all&per_page=10&page=2",
        "list-no-match": "/calls?from=2001-01-01&to=2001-01-02",
        "list-search-without-result": "/calls?q=nobody+wrote+this",
        "list-line-typed": "/calls?view=all&line=other&via=77",
        "list-unusable-query": "/calls?view=all&from=yesterday&page=none",
    }
    for name, path in stops.items():
        page.goto(path)
        expect_live(page)
        look(name)
    page.goto("/calls?view=all")
    expect_live(page)
    page.locator("summary").filter(has_text="as a table").press("Enter")
    look("list-chart-table")
    page.goto("/calls?view=all")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    look("shortcuts")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Commands").first.click()
    look("commands")
    page.keyboard.press("Escape")


def _other_pages(page: Page, look: Look) -> None:
    """The pages about callers and names, those of settings and actions, and one caller's own page."""
    stops = {
        "callers": "/callers",
        "callers-no-match": "/callers?q=nobody+has+this+name",
        "directory": "/directory",
        "directory-import": "/directory/import",
        "export": "/calls/export",
        "actions": "/actions",
        "settings": "/settings",
    }
    for name, path in stops.items():
        page.goto(path)
        look(name)
    page.goto("/callers")
    page.locator("#callers a").first.click()
    expect(page).to_have_url(re.compile("/callers/"))
    look("caller")


def _sessions(page: Page, look: Look) -> None:
    browser = page.context.browser
    assert browser
    other = browser.new_page(base_url=page.url)
    sign_in(other)
    other.context.close()
    page.goto("/sessions")
    look("sessions")


def _changes(page: Page, sandbox: Sandbox, look: Look) -> None:
    """Ticked calls, and what is said after they were archived, some of them in vain."""
    page.goto("/calls")
    expect_live(page)
    ids = call_ids(page)[:3]
    tick(page, ids)
    look("list-ticked")
    sandbox.answer_with(status=500, body=b"{}", times=100, path=f"/calls/{ids[1]}")
    page.get_by_role("button", name="Archive", exact=True).first.click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    look("list-notice")
    _notices(page).get_by_role("link", name="Details").click()
    expect(page.get_by_role("heading", name="2 of 3 calls archived")).to_be_visible()
    look("job-with-failures")
    sandbox.clear_faults()


def _many_calls(page: Page, sandbox: Sandbox, look: Look) -> None:
    """The question whether all that match are meant, and the page that follows the change."""
    page.goto("/calls?type=missed&per_page=10")
    tick(page, call_ids(page)[:1])
    page.get_by_role("link", name=re.compile("^Archive all")).click()
    sure = page.get_by_role("button", name=re.compile(r"^Archive \d+ calls$"))
    expect(sure).to_be_visible()
    look("job-question")
    sandbox.be_slow(FOREVER, path="/calls/")
    sure.click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    look("job-running")
    sandbox.clear_faults()
    expect(page.locator("[data-in-flight]")).to_have_count(0, timeout=60_000)
    look("job-done")


def _call(page: Page, sandbox: Sandbox, look: Look) -> None:
    """A call's own page, without notes and with them, and a note on its way."""
    blank, talked_about = _calls_without_notes(sandbox)[:2]
    page.goto(f"/calls/{blank}")
    expect_live(page)
    look("call-without-notes")
    note_field(page).fill("  ")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#content-error")).to_be_visible()
    look("call-note-refused")
    page.goto(f"/calls/{talked_about}")
    for content in NOTES:
        add_note(page, content)
    page.get_by_role("button", name="Dismiss").click()
    page.mouse.move(0, 0)
    expect(page.locator("[data-fresh]")).to_have_count(0)
    look("call")
    note_field(page).fill("They call back on Thursday, and")
    page.reload()
    expect(note_field(page)).to_have_value(re.compile("^They call back"))
    expect_live(page)
    look("call-draft")
    choose(page, "Beside the list")
    page.goto(f"/calls/{talked_about}")
    expect_live(page)
    expect(page.locator("#pane #call")).to_be_visible()
    look("call-beside")
    page.goto("/calls")
    expect_live(page)
    look("list-beside")
    choose(page, "Compact")
    page.goto("/calls")
    expect_live(page)
    look("list-compact-beside")
    choose(page, "Comfortable")
    choose(page, "On their own page")


def choose(page: Page, name: str) -> None:
    """Make this choice on the page of settings."""
    page.goto("/settings")
    choice = page.get_by_role("main").get_by_role("button", name=name, exact=True)
    choice.click()
    expect(choice).to_have_attribute("aria-current", "true")


def _insights(page: Page, look: Look) -> None:
    """The figures, also as tables, and where there are none."""
    page.goto("/insights?view=all")
    expect_live(page)
    look("insights")
    page.locator("summary").filter(has_text="as a table").first.press("Enter")
    look("insights-table")
    page.goto("/insights?q=nobody+wrote+this")
    expect_live(page)
    look("insights-empty")


def _notices(page: Page) -> Locator:
    return page.get_by_role("region", name="Notifications")


def _calls_without_notes(sandbox: Sandbox) -> list[str]:
    """The newest answered calls without a note."""
    calls = [call for call in sandbox.calls() if call["call_type"] == "answered" and not call["notes"]]
    return [call["id"] for call in sorted(calls, key=lambda call: str(call["created_at"]), reverse=True)]


def _refusals(page: Page, sandbox: Sandbox, look: Look) -> None:
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


def _offline(page: Page, look: Look) -> None:
    """A list that is not live any more, and says so."""
    page.goto("/calls")
    expect_live(page)
    page.context.set_offline(True)
    expect(page.locator("#banner")).not_to_be_empty()
    look("list-offline")
    page.context.set_offline(False)


def _broken(page: Page, data_dir: Path, look: Look) -> None:
    """A storage that holds unusable rows, and one that has lost its tables."""
    tables = _tables_of(data_dir)
    _change(data_dir, [f"UPDATE \"{name}\" SET notes = '{{'" for name in tables if "_calls_" in name])  # noqa: S608
    page.goto("/calls?view=all&type=missed")
    expect(page.get_by_role("heading", name="Something went wrong")).to_be_visible()
    look("error-500")
    _change(data_dir, [f'DROP TABLE IF EXISTS "{name}"' for name in tables])
    page.goto("/calls?view=all&type=missed")
    expect(page.get_by_text("can't reach its own data")).to_be_visible()
    look("error-storage")


def _tables_of(data_dir: Path) -> list[str]:
    """The tables of the call log, but for those that SQLite keeps for its search."""
    with closing(sqlite3.connect(data_dir / "calls.db")) as log:
        names = log.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE 'callboard!_%' ESCAPE '!' AND type = 'table'"
        ).fetchall()
    return [name for (name,) in names]


def _change(data_dir: Path, statements: list[str]) -> None:
    """Do that to the call log behind the dashboard's back."""
    with closing(sqlite3.connect(data_dir / "calls.db")) as log, log:
        for statement in statements:
            log.execute(statement)
