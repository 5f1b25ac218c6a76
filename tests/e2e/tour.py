"""A tour of every page in every state that people see it in. Knows the way, not what is looked at."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages import add_note, call_ids, expect_live, note_field, shown, sign_in
from tests.e2e.tour_troubles import Look, broken, offline, refusals
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


def take_tour(page: Page, sandbox: Sandbox, data_dir: Path, look: Look) -> None:
    """Go through all states, on a dashboard that nobody has used yet and that is broken at the end."""
    _login(page, sandbox, look)
    _lists(page, look)
    _changes(page, sandbox, look)
    _many_calls(page, sandbox, look)
    _call(page, sandbox, look)
    _insights(page, look)
    refusals(page, sandbox, look)
    offline(page, look)
    broken(page, data_dir, look)


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
    expect(page.locator("[data-reading]")).to_be_visible()
    look("list-first-reading")
    page.goto("/insights")
    look("insights-first-reading")
    sandbox.clear_faults()
    page.goto("/calls")
    expect(page.locator("[data-reading]")).to_have_count(0, timeout=60_000)


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


def _changes(page: Page, sandbox: Sandbox, look: Look) -> None:
    """Ticked calls, and what is said after they were archived, some of them in vain."""
    page.goto("/calls")
    expect_live(page)
    ids = call_ids(page)[:3]
    _tick(page, ids)
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
    _tick(page, call_ids(page)[:1])
    page.get_by_role("link", name=re.compile("^Archive all")).click()
    sure = page.get_by_role("button", name=re.compile(r"^Archive \d+ calls$"))
    expect(sure).to_be_visible()
    look("job-question")
    sandbox.be_slow(FOREVER, path="/calls/")
    sure.click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    look("job-running")
    sandbox.clear_faults()
    expect(page.locator("[data-under-way]")).to_have_count(0, timeout=60_000)
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
    return page.get_by_role("region", name="Notices")


def _tick(page: Page, ids: list[str]) -> None:
    for call_id in ids:
        shown(page, call_id).get_by_role("checkbox").check()


def _calls_without_notes(sandbox: Sandbox) -> list[str]:
    """The newest answered calls that nobody has said anything about."""
    calls = [call for call in sandbox.calls() if call["call_type"] == "answered" and not call["notes"]]
    return [call["id"] for call in sorted(calls, key=lambda call: str(call["created_at"]), reverse=True)]
