"""The link from the server to a page breaks: promises 11 and 16."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import (
    call_ids,
    claimed,
    expect_archived,
    expect_live,
    expect_marked,
    expect_not_live,
    mark,
    open_live,
    sign_in,
    watch_connection,
)
from tests.e2e.troubles import Troubles, Visitor
from tests.support.relay import Relay
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch

# Milliseconds. With the short times of the dashboard silence is noticed after 3.5 s, and said 4 s later.
AFTER_SILENCE = 18_000
# A page without a socket asks this often.
FALLBACK = 30_000
WIDTHS = (320, 375, 1280)


@pytest.fixture
def relay(shared_address: str) -> Iterator[Relay]:
    """The line between the browser and the shared dashboard."""
    with Relay.to(shared_address) as relay:
        yield relay


@pytest.fixture
def page(relay: Relay, visitor: Visitor) -> Page:
    """Alice's list at the other end of that line, live."""
    return open_live(sign_in(visitor(relay.address).new_page()), "/calls")


def test_a_line_that_is_dead_in_silence_is_owned_up_to(
    page: Page, relay: Relay, shared_sandbox: Sandbox, troubles: Troubles, took: Stopwatch
) -> None:
    troubles.expect("GET .*/healthz")
    call_id = call_ids(page)[0]

    relay.fall_silent()
    is_archived = shared_sandbox.archive(call_id)["is_archived"]
    with took("not live after the line fell silent"):
        expect_not_live(page, within=AFTER_SILENCE)
    expect(page.locator("#banner")).to_have_text(
        re.compile(
            r"^Callboard has not answered since \d\d:\d\d\..* nothing can be changed until it is back\.$"
        )
    )
    relay.recover()
    with took("right after the line recovered"):
        expect_live(page)
        expect_archived(page, call_id, is_archived)

    expect_marked(page)


def test_a_line_that_breaks_for_a_moment_is_not_worth_a_word(
    page: Page, relay: Relay, shared_sandbox: Sandbox
) -> None:
    call_id = call_ids(page)[0]
    watch_connection(page)
    with page.expect_websocket():
        relay.cut()
    is_archived = shared_sandbox.archive(call_id)["is_archived"]

    expect_archived(page, call_id, is_archived)
    expect_live(page)
    assert claimed(page) == ["live"]
    expect_marked(page)


def test_a_page_without_a_socket_says_so_and_asks_every_30_seconds(
    shared_address: str, visitor: Visitor, shared_sandbox: Sandbox
) -> None:
    context = visitor(shared_address)
    # A proxy that knows no WebSocket.
    context.route_web_socket(re.compile("/socket.io/"), lambda socket: socket.close())
    page = context.new_page()
    page.clock.install()
    sign_in(page)
    mark(page)
    watch_connection(page)
    call_id = call_ids(page)[0]

    is_archived = shared_sandbox.archive(call_id)["is_archived"]
    page.clock.run_for(FALLBACK)

    expect_archived(page, call_id, is_archived)
    expect_not_live(page)
    expect(page.locator("#banner")).to_contain_text("You can keep working.")
    assert "live" not in claimed(page)
    expect_marked(page)


def test_a_page_without_a_network_says_so_at_every_width_and_is_right_once_it_is_back(
    page: Page, relay: Relay, shared_sandbox: Sandbox, troubles: Troubles
) -> None:
    troubles.expect("ERR_INTERNET_DISCONNECTED")
    call_id = call_ids(page)[0]
    word, header = page.locator("[data-connection-label]"), page.get_by_role("banner")
    expect(word).to_have_text("Live")
    heights = [(show_in(page, width), header.bounding_box()) for width in WIDTHS]

    page.context.set_offline(True)
    relay.cut()
    is_archived = shared_sandbox.archive(call_id)["is_archived"]
    expect(page.locator("#banner")).to_have_text(re.compile(r"No network since \d\d:\d\d\."))
    expect(word).to_have_text("Offline")
    assert [(show_in(page, width), header.bounding_box()) for width in WIDTHS] == heights
    for width in WIDTHS:
        show_in(page, width)
        for word_or_button in (word, page.get_by_role("button", name="Log out")):
            box = word_or_button.bounding_box()
            assert box is not None
            assert box["width"] >= 20
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
    page.context.set_offline(False)

    expect_archived(page, call_id, is_archived)
    expect_live(page)
    expect(page.locator("#banner")).to_be_empty()
    expect_marked(page)


def test_a_machine_that_wakes_without_a_line_says_by_the_servers_clock_since_when_it_has_been_asleep(
    relay: Relay, visitor: Visitor, troubles: Troubles
) -> None:
    troubles.expect("GET .*/healthz")
    page = visitor(relay.address).new_page()
    # Half a year away from the server's.
    page.clock.install(time=datetime(2026, 5, 4, 10, 0, tzinfo=UTC))
    sign_in(page)
    expect_live(page)
    now = datetime.now(ZoneInfo("Europe/Paris"))
    minutes = "|".join(f"{now + timedelta(minutes=late):%H:%M}" for late in (-1, 0, 1))

    relay.fall_silent()
    page.clock.fast_forward("02:30:00")

    expect(page.locator("#banner")).to_have_text(re.compile(f" since ({minutes})[.:]"))
    expect(page.locator("#connection")).to_have_attribute("title", re.compile(f"^Since ({minutes})"))


def show_in(page: Page, width: int) -> int:
    """Make the window so wide. Returns the width."""
    page.set_viewport_size({"width": width, "height": 700})
    return width
