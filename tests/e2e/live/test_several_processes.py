"""A page of one process while what it hangs on breaks at another: it never claims to be live. Promise 16."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.chaos.instance import Instance, serving
from tests.e2e.pages import (
    call_ids,
    expect_archived,
    expect_live,
    expect_marked,
    expect_not_live,
    mark,
    sign_in,
)
from tests.e2e.troubles import Troubles, Visitor
from tests.support.dashboard import log_in
from tests.support.redis_server import RedisServer, running_redis
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

# Milliseconds; coming back takes a lease of five seconds, and tries that are further and further apart.
OWNED_UP_TO, BACK = 15_000, 30_000

pytestmark = pytest.mark.timeout(150)


@pytest.fixture
def durable_redis() -> Iterator[RedisServer]:
    """A Redis of the test's own, which keeps what it was told when it is killed."""
    with running_redis(is_durable=True) as server:
        yield server


@pytest.fixture
def pair(sandbox: Sandbox, durable_redis: RedisServer, tmp_path: Path) -> Iterator[tuple[Instance, Instance]]:
    """The owner and another instance, once live updates are on their way."""
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(serving(sandbox, durable_redis, tmp_path / "data")) for _ in range(2)
        )
        log_in(one.address, "somebody")
        wait_until(lambda: sandbox.counters().subscriptions_now == 1, 20, "the subscription")
        yield (one, other) if one.is_leader else (other, one)


@pytest.fixture
def page(pair: tuple[Instance, Instance], visitor: Visitor) -> Page:
    """Alice's list at the process that is not the owner, live."""
    page = sign_in(visitor(pair[1].address).new_page())
    expect_live(page)
    mark(page)
    return page


def test_a_page_owns_up_to_it_when_the_owner_dies_and_its_successor_cannot_listen(
    page: Page, pair: tuple[Instance, Instance], sandbox: Sandbox, took: Stopwatch
) -> None:
    call_id = call_ids(page)[0]

    sandbox.refuse_sockets()
    pair[0].kill()
    is_archived = sandbox.archive(call_id)["is_archived"]
    with took("not live after the owner was killed"):
        expect_not_live(page, within=OWNED_UP_TO)
    sandbox.refuse_sockets(on=False)

    with took("live again after its successor could listen"):
        expect_live(page, within=BACK)
    expect_archived(page, call_id, is_archived)
    expect_marked(page)


def test_a_page_owns_up_to_it_when_redis_is_gone_and_is_right_once_it_is_back(
    page: Page, durable_redis: RedisServer, sandbox: Sandbox, took: Stopwatch, troubles: Troubles
) -> None:
    # While Redis is gone, what the page asks for is answered by what is wrong.
    troubles.expect("answer 503")
    call_id = call_ids(page)[0]

    durable_redis.kill()
    with took("not live after Redis was killed"):
        expect_not_live(page, within=OWNED_UP_TO)
    is_archived = sandbox.archive(call_id)["is_archived"]
    durable_redis.start()

    with took("right after Redis was back"):
        expect_archived(page, call_id, is_archived)
    expect_live(page, within=BACK)
    expect(page.locator("#banner")).to_be_empty()
    expect_marked(page)


def test_a_page_owns_up_to_it_when_the_owners_link_is_dropped_and_refused(
    page: Page, sandbox: Sandbox, took: Stopwatch
) -> None:
    call_id = call_ids(page)[0]

    sandbox.refuse_sockets()
    sandbox.drop_sockets()
    is_archived = sandbox.archive(call_id)["is_archived"]
    with took("not live after the link was dropped at another process"):
        expect_not_live(page, within=OWNED_UP_TO)
    sandbox.refuse_sockets(on=False)

    expect_live(page, within=BACK)
    expect_archived(page, call_id, is_archived)
    expect_marked(page)
