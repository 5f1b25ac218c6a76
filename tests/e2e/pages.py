"""What stands on the pages, found as people find it: by role and name."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

# The page tells of trouble only after some seconds, and comes back in its own time.
WAIT_MS = 30_000
NOT_LIVE = re.compile("reconnecting|offline")

expect.set_options(timeout=WAIT_MS)


def sign_in(page: Page, username: str = "alice") -> Page:
    """Log in by the form, on the login page or on any that leads to it, and arrive at a page with calls."""
    if urlsplit(page.url).path != "/login":
        page.goto("/login")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill("any")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    return page


def expect_live(page: Page, within: float = WAIT_MS) -> None:
    """The page claims to be live, in its header and for scripts and styles that read the document."""
    expect(page.locator("html")).to_have_attribute("data-connection", "live", timeout=within)
    expect(page.get_by_role("status").get_by_text("Live", exact=True)).to_be_visible()


def expect_not_live(page: Page, within: float = WAIT_MS) -> None:
    """The page owns up to not being live."""
    expect(page.locator("html")).to_have_attribute("data-connection", NOT_LIVE, timeout=within)
    words = page.get_by_role("status").get_by_text(re.compile("^(Reconnecting|Offline)$"))
    expect(words).to_be_visible()


def watch_connection(page: Page) -> None:
    """Keep every state that the page claims from now on."""
    page.evaluate("""() => {
        const root = document.documentElement;
        window.claimed = [root.dataset.connection];
        new MutationObserver(() => {
            const { connection } = root.dataset;
            if (window.claimed.at(-1) !== connection) window.claimed.push(connection);
        }).observe(root, { attributes: true });
    }""")


def claimed(page: Page) -> list[str]:
    """The states since then, each once in a row."""
    states: list[str] = page.evaluate("() => window.claimed")
    return states


def shown(page: Page, call_id: str) -> Locator:
    """The element of a call, in a list or on its own page."""
    return page.locator(f"[data-call-id='{call_id}']")


def expect_archived(page: Page, call_id: str, is_archived: bool = True, within: float = WAIT_MS) -> None:
    """The call stands there as archived, or as in the inbox."""
    state = str(is_archived).lower()
    expect(shown(page, call_id)).to_have_attribute("data-archived", state, timeout=within)


def expect_calls(page: Page) -> None:
    """The list with its calls is there."""
    expect(page.locator("[data-call-id]").first).to_be_visible()


def call_ids(page: Page) -> list[str]:
    """The calls on this page, from the top."""
    return [row.get_attribute("data-call-id") or "" for row in page.locator("[data-call-id]").all()]


def times(page: Page) -> list[str]:
    """When the calls on this page were, from the top."""
    moments = page.locator("[data-call-id] time[datetime$='Z']").all()
    return [moment.get_attribute("datetime") or "" for moment in moments]


def open_call(page: Page, call_id: str) -> None:
    """Follow the call's link in the list."""
    shown(page, call_id).get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(f"/calls/{call_id}"))


def archive_button(page: Page, call_id: str) -> Locator:
    """The call's own button for archiving it."""
    return shown(page, call_id).get_by_role("button", name=re.compile("^Archive"))


def expect_sent(page: Page) -> None:
    """No note is on its way any more: it is shown before it is sent."""
    expect(page.locator("[data-sending]")).to_have_count(0)


def note_field(page: Page) -> Locator:
    """Where a note is written."""
    return page.get_by_role("textbox", name="Note")


def add_note(page: Page, content: str) -> None:
    """Write a note and send it; it is there afterwards."""
    note_field(page).fill(content)
    page.get_by_role("button", name="Add note").click()
    expect(notes(page).first).to_have_text(content)


def notes(page: Page) -> Locator:
    """The notes of the call, newest first."""
    return page.locator("[data-note]")


def mark(page: Page) -> None:
    """Leave a mark that does not survive a reload."""
    page.evaluate("() => { window.isMarked = true; }")


def expect_marked(page: Page) -> None:
    """The page has not been loaded again since it was marked."""
    assert page.evaluate("() => window.isMarked === true"), f"{page.url} was loaded again"


def open_live(page: Page, path: str) -> Page:
    """Go there: the page is live, with a mark that a reload would wipe out."""
    page.goto(path)
    expect_live(page)
    mark(page)
    return page


def is_wider_than_its_window(page: Page) -> bool:
    """Whether the page can be scrolled sideways."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth > innerWidth"))


def read(page: Page) -> Page:
    """The list, once all calls have been read for the first time."""
    expect(page.locator("[data-syncing]")).to_have_count(0)
    return page


def notices(page: Page) -> Locator:
    """What came of the last action."""
    return page.locator("#notices[aria-live=polite]")


def tick(page: Page, ids: list[str]) -> None:
    """Tick these calls."""
    for call_id in ids:
        shown(page, call_id).get_by_role("checkbox").check()


def undo(page: Page) -> Locator:
    """The button that takes the last action back."""
    return notices(page).get_by_role("button", name="Undo")
