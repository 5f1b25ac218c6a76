"""Access tokens that live for two seconds: nobody notices, neither in pages nor in live updates."""

from collections.abc import Iterator

import pytest

from tests.e2e.pages import (
    add_note,
    call_ids,
    expect_archived,
    expect_calls,
    expect_live,
    expect_marked,
    mark,
    open_call,
    sign_in,
)
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# So many tokens have to have come and gone: some eight seconds.
EXPIRIES = 4


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox whose access tokens live for two seconds."""
    with Sandbox.start("--access-ttl", "2") as sandbox:
        yield sandbox


def test_tokens_that_expire_at_work_are_noticed_by_nobody(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    alice = visitor(address)
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
