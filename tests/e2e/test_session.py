"""Sessions that end, logins that are refused, and tokens that expire at work."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.pages import (
    add_note,
    archive_button,
    call_ids,
    expect_archived,
    expect_calls,
    expect_live,
    expect_marked,
    mark,
    note_field,
    open_call,
    sign_in,
)
from tests.e2e.troubles import Troubles, Visitor
from tests.support.dashboard import serving
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

ENDED = "Your session has ended. Log in again to go on."


def end_sessions(sandbox: Sandbox) -> None:
    """The API takes neither anybody's access token nor their refresh token any more."""
    sandbox.refuse_refresh()
    sandbox.expire_access_tokens()


def expect_login(page: Page) -> None:
    """The login page, with the reason for being there."""
    expect(page).to_have_url(re.compile("/login"))
    expect(page.get_by_text(ENDED)).to_be_visible()


@pytest.fixture
def page(shared_address: str, visitor: Visitor) -> Page:
    """Alice's page, signed in."""
    return sign_in(visitor(shared_address).new_page())


def test_a_session_that_ends_leads_to_the_login_and_back(page: Page, shared_sandbox: Sandbox) -> None:
    page.goto("/calls?view=all&per_page=10&page=2")
    call_id = call_ids(page)[3]

    end_sessions(shared_sandbox)
    open_call_link(page, call_id)
    expect_login(page)

    shared_sandbox.clear_faults()
    sign_in(page)
    expect(page).to_have_url(re.compile(f"/calls/{call_id}\\?.*per_page=10"))
    page.get_by_role("link", name="All calls").click()
    expect(page.get_by_text("Page 2 of")).to_be_visible()
    assert call_id in call_ids(page)


def open_call_link(page: Page, call_id: str) -> None:
    """Follow the call's link, wherever that leads."""
    page.locator(f"[data-call-id='{call_id}']").get_by_role("link").first.click()


def test_a_session_that_ends_while_a_note_is_sent_loses_nothing_typed(
    page: Page, shared_sandbox: Sandbox
) -> None:
    call_id = call_ids(page)[0]
    open_call(page, call_id)
    expect_live(page)
    note_field(page).fill("Promised to call back at noon")

    end_sessions(shared_sandbox)
    page.get_by_role("button", name="Add note").click()
    expect_login(page)

    shared_sandbox.clear_faults()
    sign_in(page)
    expect(page).to_have_url(re.compile(f"/calls/{call_id}"))
    expect(note_field(page)).to_have_value("Promised to call back at noon")
    contents = [note["content"] for note in shared_sandbox.call(call_id)["notes"]]
    assert "Promised to call back at noon" not in contents


def test_a_session_that_ends_at_archiving_changes_nothing(page: Page, shared_sandbox: Sandbox) -> None:
    call_id = call_ids(page)[0]

    end_sessions(shared_sandbox)
    archive_button(page, call_id).click()
    expect_login(page)

    shared_sandbox.clear_faults()
    sign_in(page)
    expect(page.get_by_text("1 call was not reached before your session ended.")).to_be_visible()
    expect(page.get_by_role("button", name="Try 1 call again")).to_be_visible()
    page.get_by_role("link", name="Back to the calls").click()
    expect_archived(page, call_id, is_archived=False)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "That username and password do not match"),
        (400, "Bad Request"),
        (503, "The phone system is in trouble right now"),
    ],
)
def test_a_refused_login_says_why_and_keeps_the_name(
    shared_address: str,
    visitor: Visitor,
    shared_sandbox: Sandbox,
    troubles: Troubles,
    status: int,
    reason: str,
) -> None:
    troubles.expect(f"answer {status}: POST .*/login")
    page = visitor(shared_address).new_page()
    page.goto("/login?next=/calls%3Fview=archived")
    shared_sandbox.reject_logins(status)

    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("alert")).to_contain_text(reason)
    expect(page.get_by_label("Username")).to_have_value("alice")
    expect(page.get_by_label("Password")).to_have_value("")
    shared_sandbox.clear_faults()
    sign_in(page)
    expect(page).to_have_url(re.compile(r"/calls\?view=archived"))


FOREIGN_TARGETS = (
    "//evil.example/calls",
    "https://evil.example/calls",
    "/\\evil.example",
    "/%5Cevil.example",
    "javascript:alert(1)",
    "/calls\\@evil.example",
    "/logout",
)


def test_a_login_leads_to_no_other_site(shared_address: str, visitor: Visitor) -> None:
    page = visitor(shared_address).new_page()
    for target in FOREIGN_TARGETS:
        page.goto(f"/login?{urlencode({'next': target})}")

        sign_in(page)

        expect(page).to_have_url(f"{shared_address}/calls")
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("button", name="Log in")).to_be_visible()


# So many tokens of two seconds have to have come and gone.
EXPIRIES = 4


@pytest.fixture
def short_lived() -> Iterator[Sandbox]:
    """A sandbox whose access tokens live for two seconds."""
    with Sandbox.start("--access-ttl", "2") as sandbox:
        yield sandbox


@pytest.mark.timeout(150)
def test_tokens_that_expire_at_work_go_unnoticed(
    short_lived: Sandbox, tmp_path: Path, visitor: Visitor
) -> None:
    with serving(short_lived, tmp_path / "data") as address:
        alice = visitor(address)
        work_while_tokens_expire(alice, short_lived)
        for page in alice.pages:
            page.close()


def work_while_tokens_expire(alice: BrowserContext, sandbox: Sandbox) -> None:
    """Read, open and note in one tab while another follows, for some tokens' lives."""
    page, watching = sign_in(alice.new_page()), alice.new_page()
    watching.goto("/calls?view=all")
    watched = call_ids(watching)[-1]
    expect_live(watching)
    mark(watching)
    visited: list[str] = []
    page.on("framenavigated", lambda frame: visited.append(frame.url))

    while (refreshes := sandbox.counters().refreshes) < EXPIRIES:
        page.goto("/calls?per_page=10")
        page.get_by_role("link", name="Older").click()
        expect_calls(page)
        open_call(page, call_ids(page)[0])
        add_note(page, f"After {refreshes} refreshes")
        changed = sandbox.archive(watched)
        expect_archived(watching, watched, changed["is_archived"])

    subscriptions = sandbox.counters().subscriptions_total
    sandbox.drop_sockets()
    wait_until(lambda: sandbox.counters().subscriptions_total > subscriptions, what="a new subscription")
    changed = sandbox.archive(watched)
    expect_archived(watching, watched, changed["is_archived"])
    for tab in (watching, page):
        expect_live(tab)
    expect_marked(watching)
    assert sandbox.counters().logins == 1
    assert not [url for url in visited if "/login" in url]
