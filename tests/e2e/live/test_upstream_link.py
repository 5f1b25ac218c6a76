"""The link from the API's events to the server breaks: promises 4, 5, 6, 16 and 17."""

import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import (
    call_ids,
    expect_archived,
    expect_live,
    expect_marked,
    expect_not_live,
    mark,
    sign_in,
)
from tests.e2e.troubles import Visitor
from tests.support.dashboard import serving
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

# Milliseconds.
AFTER_A_CLOSE = 5000
AFTER_SILENCE = 25_000
FOREIGN: list[tuple[str, Any]] = [
    ("update-call", "not JSON"),
    ("update-call", "<img src=x onerror=alert(1)>"),
    ("update-call", {"id": "<b>1</b>", "notes": [{"content": "<script>alert(1)</script>"}]}),
    ("update-call", {"id": "../../etc/passwd"}),
    ("update-call", ["a list"]),
    # Pusher itself stops at 10 kB.
    ("update-call", "x" * 1_000_000),
    ("update-call", None),
    ("delete-everything", {"id": "1"}),
]


@pytest.fixture
def page(address: str, visitor: Visitor) -> Page:
    """Alice's list, live."""
    page = sign_in(visitor(address).new_page())
    expect_live(page)
    mark(page)
    return page


@pytest.mark.parametrize("code", [None, 1001, 4200], ids=["reset", "closed", "told to reconnect"])
def test_a_change_in_the_gap_of_a_closed_link_is_shown_within_five_seconds(
    page: Page, sandbox: Sandbox, took: Stopwatch, code: int | None
) -> None:
    call_id = call_ids(page)[0]

    sandbox.lose_events()
    sandbox.drop_sockets(code)
    sandbox.archive(call_id)

    with took("right after the link was closed"):
        expect_archived(page, call_id, within=AFTER_A_CLOSE)
    expect_live(page)
    expect_marked(page)


def test_a_link_that_is_dead_in_silence_is_owned_up_to_within_25_seconds(
    page: Page, sandbox: Sandbox, took: Stopwatch
) -> None:
    call_id = call_ids(page)[0]

    sandbox.refuse_sockets()
    sandbox.mute_sockets()
    sandbox.archive(call_id)
    with took("not live after the link fell silent"):
        expect_not_live(page, within=AFTER_SILENCE)

    expect(page.locator("#banner")).to_contain_text("Everything else works.")
    sandbox.refuse_sockets(on=False)
    expect_live(page, within=AFTER_SILENCE)
    expect_archived(page, call_id)
    expect_marked(page)


def test_a_link_that_is_dead_in_silence_is_replaced_within_25_seconds(
    page: Page, sandbox: Sandbox, took: Stopwatch
) -> None:
    call_id = call_ids(page)[0]

    sandbox.mute_sockets()
    sandbox.archive(call_id)

    with took("right after the link fell silent"):
        expect_archived(page, call_id, within=AFTER_SILENCE)
        wait_until(lambda: sandbox.counters().subscriptions_total == 2, 25, "a new subscription")
    expect_live(page)


def test_a_link_lost_after_eleven_minutes_comes_back_at_the_first_try(
    tmp_path: Path, visitor: Visitor, took: Stopwatch
) -> None:
    # Eleven minutes of ten-minute tokens, in seconds: the token of the login is over when the link is lost.
    with Sandbox.start("--access-ttl", "4") as sandbox, serving(sandbox, tmp_path / "data") as address:
        page = sign_in(visitor(address).new_page())
        signed_in_at = time.monotonic()
        call_id = call_ids(page)[0]
        expect_live(page)
        before = sandbox.counters()
        wait_until(lambda: time.monotonic() > signed_in_at + 6, 10, "six seconds")

        sandbox.lose_events()
        sandbox.drop_sockets()
        sandbox.archive(call_id)
        with took("right after the link was lost with an old token"):
            expect_archived(page, call_id, within=AFTER_A_CLOSE)
        sandbox.archive(call_id)

        expect_archived(page, call_id, is_archived=False)
        expect_live(page)
        after = sandbox.counters()
        page.close()
    assert after.subscriptions_total == before.subscriptions_total + 1
    assert after.channel_auths == before.channel_auths + 1


@pytest.mark.parametrize("status", [401, 500])
def test_a_refused_subscription_is_owned_up_to_and_not_asked_for_too_often(
    page: Page, sandbox: Sandbox, status: int
) -> None:
    call_id = call_ids(page)[0]
    before, began = sandbox.counters().connections_total, time.monotonic()

    sandbox.refuse_channel_auth(status)
    sandbox.drop_sockets()
    sandbox.archive(call_id)
    expect_not_live(page)
    tries = sandbox.counters().connections_total - before
    seconds = time.monotonic() - began
    sandbox.clear_faults()

    assert tries <= seconds + 1
    expect_live(page, within=30_000)
    expect_archived(page, call_id)


def test_foreign_input_on_the_channel_changes_nothing(page: Page, sandbox: Sandbox) -> None:
    call_id, before = call_ids(page)[0], page.locator("#list").inner_html()

    for name, data in FOREIGN:
        sandbox.send_event(name, data)
        sandbox.send_event("update-call", data, channel="private-other")
    # What is sent after them is only heard if they did no harm, and shows that they have been heard.
    for is_archived in (True, False):
        sandbox.archive(call_id)
        expect_archived(page, call_id, is_archived)
    expect(page.locator("[data-fresh]")).to_have_count(0)

    assert page.locator("#list").inner_html() == before
    expect_live(page)
    expect_marked(page)
    assert sandbox.counters().subscriptions_total == 1


def test_an_event_of_a_call_that_the_api_does_not_list_moves_nothing_and_is_forgotten(
    page: Page, sandbox: Sandbox
) -> None:
    ids = call_ids(page)
    offer = page.get_by_role("link", name="1 new call – show")

    sandbox.send_event("update-call", {**sandbox.call(ids[0]), "id": str(uuid.uuid4())})
    # It may be a call that came in since the list was last read, so that it is offered until that has been.
    expect(offer).to_be_visible()
    assert call_ids(page) == ids
    sandbox.drop_sockets()

    expect(offer).to_be_hidden()
    expect_live(page)
    assert call_ids(page) == ids
    expect_marked(page)
