"""Sessions that end, and tokens that expire at work."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.e2e.pages import (
    add_note,
    call_ids,
    expect_archived,
    expect_calls,
    expect_live,
    expect_marked,
    open_call,
    open_live,
    sign_in,
)
from tests.e2e.troubles import Visitor
from tests.support.dashboard import serving
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# So many tokens of two seconds have to have come and gone.
EXPIRIES = 4


@pytest.mark.timeout(150)
def test_tokens_that_expire_at_work_go_unnoticed(tmp_path: Path, visitor: Visitor) -> None:
    with (
        Sandbox.start("--access-ttl", "2") as sandbox,
        serving(sandbox, tmp_path / "data", is_quick=True) as address,
    ):
        alice = visitor(address)
        work_while_tokens_expire(alice, sandbox)
        for page in alice.pages:
            page.close()


def work_while_tokens_expire(alice: BrowserContext, sandbox: Sandbox) -> None:
    """Read, open and note in one tab while another follows, for some tokens' lives."""
    page, watching = sign_in(alice.new_page()), alice.new_page()
    open_live(watching, "/calls?view=all")
    watched = call_ids(watching)[-1]
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
