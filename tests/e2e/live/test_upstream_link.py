"""The link from the API's events breaks, at this process or another: no page claims to be live."""

import uuid
from collections.abc import Iterator
from pathlib import Path

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
from tests.support.foreign_events import FOREIGN
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.system.cluster.conftest import pair_of
from tests.system.cluster.instance import Pair

# Milliseconds; a busy machine has some more than what is promised after a close (5 s), and than what the
# short times come to: 7 s until silence is noticed, a lease of 5 s, and 4 s of patience in the page.
AFTER_A_CLOSE, AFTER_SILENCE, OWNED_UP_TO = 12_000, 20_000, 20_000


@pytest.fixture
def page(address: str, visitor: Visitor) -> Page:
    """Alice's list, live."""
    return live_list(address, visitor)


def live_list(address: str, visitor: Visitor) -> Page:
    """Alice's list, live, with a mark that a reload would wipe out."""
    page = sign_in(visitor(address).new_page())
    expect_live(page)
    mark(page)
    return page


def test_a_change_in_the_gap_of_a_closed_link_is_shown_soon(
    page: Page, sandbox: Sandbox, took: Stopwatch
) -> None:
    call_id = call_ids(page)[0]
    # A reset, the server's end, and a request to come back.
    for code in (None, 1001, 4200):
        sandbox.lose_events()
        sandbox.drop_sockets(code)
        is_archived = sandbox.archive(call_id)["is_archived"]

        with took(f"right after the link was closed with {code}"):
            expect_archived(page, call_id, is_archived, within=AFTER_A_CLOSE)
        expect_live(page)
    expect_marked(page)


def test_a_link_that_is_dead_in_silence_is_owned_up_to_and_replaced(
    page: Page, sandbox: Sandbox, took: Stopwatch
) -> None:
    call_id, before = call_ids(page)[0], sandbox.counters().subscriptions_total

    sandbox.refuse_sockets()
    sandbox.mute_sockets()
    sandbox.archive(call_id)
    with took("not live after the link fell silent"):
        expect_not_live(page, within=AFTER_SILENCE)
    expect(page.locator("#banner")).to_contain_text("Everything else works.")
    sandbox.refuse_sockets(on=False)

    expect_live(page)
    expect_archived(page, call_id)
    expect_marked(page)
    assert sandbox.counters().subscriptions_total == before + 1


def test_a_refused_subscription_is_owned_up_to(page: Page, sandbox: Sandbox) -> None:
    call_id = call_ids(page)[0]

    sandbox.refuse_channel_auth(401)
    sandbox.drop_sockets()
    sandbox.archive(call_id)
    expect_not_live(page)
    sandbox.clear_faults()

    expect_live(page)
    expect_archived(page, call_id)


def test_foreign_input_on_the_channel_changes_nothing(page: Page, sandbox: Sandbox) -> None:
    call_id, before = call_ids(page)[0], page.locator("#list").inner_html()
    subscriptions = sandbox.counters().subscriptions_total

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
    assert sandbox.counters().subscriptions_total == subscriptions


def test_an_event_of_a_call_that_the_api_does_not_list_moves_nothing_and_is_forgotten(
    page: Page, sandbox: Sandbox
) -> None:
    ids = call_ids(page)
    offer = page.get_by_role("link", name="1 new call – show")

    # It may be a call that came in since the list was last read, so that it is offered until that has been.
    sandbox.be_slow(2, path="/calls")
    sandbox.send_event("update-call", {**sandbox.call(ids[0]), "id": str(uuid.uuid4())})
    expect(offer).to_be_visible()
    assert call_ids(page) == ids
    sandbox.clear_faults()
    sandbox.drop_sockets()

    expect(offer).to_be_hidden()
    expect_live(page)
    assert call_ids(page) == ids
    expect_marked(page)


@pytest.fixture
def pair(sandbox: Sandbox, own_redis: RedisServer, tmp_path: Path) -> Iterator[Pair]:
    """The leader and another instance."""
    with pair_of(sandbox, own_redis, tmp_path / "data", is_quick=True) as pair:
        yield pair


def test_a_page_owns_up_to_it_when_the_leader_dies_and_its_successor_cannot_listen(
    pair: Pair, visitor: Visitor, sandbox: Sandbox, took: Stopwatch
) -> None:
    page = live_list(pair[1].address, visitor)
    call_id = call_ids(page)[0]

    sandbox.refuse_sockets()
    pair[0].kill()
    is_archived = sandbox.archive(call_id)["is_archived"]
    with took("not live after the leader was killed"):
        expect_not_live(page, within=OWNED_UP_TO)
    sandbox.refuse_sockets(on=False)

    with took("live again after its successor could listen"):
        expect_live(page)
    expect_archived(page, call_id, is_archived)
    expect_marked(page)
