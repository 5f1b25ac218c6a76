"""Two processes while somebody is rude to one: on the API's channel, or with pages that never read."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.chaos.instance import Instance
from tests.chaos.lasting_page import lasting_pages, wait_until_right
from tests.e2e.live.test_upstream_link import FOREIGN
from tests.server.test_slow_page import deaf_page, has_ended
from tests.support.dashboard import log_in
from tests.support.memory import memory
from tests.support.sandbox import Sandbox
from tests.support.socket_client import SocketClient, connected
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

Pair = tuple[Instance, Instance]
# So many pages that never read are hung up on within so many seconds, and take less than so many bytes.
MUTE, DROPPED, GROWN = 50, 15.0, 10_000_000
# Two seconds after its end a page is said to have left, and to other processes a second after that.
TOLD = DROPPED + 3.0
CLICKS, AT_ONCE = 50, 5


@pytest.fixture
def call_ids(sandbox: Sandbox) -> list[str]:
    """Some calls, all in the inbox."""
    return [call["id"] for call in sandbox.calls() if not call["is_archived"]]


def test_foreign_input_on_the_channel_changes_no_page_of_any_process_and_is_logged(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str]
) -> None:
    some = call_ids[:4]
    with lasting_pages([one.address for one in pair], cookie, some) as pages:
        wait_until(lambda: all(page.is_live for page in pages), 20, "pages that are live")
        before = [list(page.history) for page in pages]

        for name, data in FOREIGN:
            sandbox.send_event(name, data)
        assert [page.history for page in pages] == before
        # What is sent after them is only heard where they did no harm.
        sandbox.archive(some[0])
        wait_until_right(pages, sandbox, 2)

        assert all(page.is_live for page in pages)
        assert [len(page.history) for page in pages] == [len(one) + 1 for one in before]
    assert sandbox.counters().subscriptions_total == 1
    dropped = [line for line in pair[0].output().splitlines() if "ropped an event" in line]
    assert len(dropped) == len(FOREIGN)
    assert not any("<script" in line or "<img" in line for line in dropped)


def test_mute_pages_of_one_process_cost_those_of_another_nothing_and_are_gone_there_too(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str], took: Stopwatch
) -> None:
    bob = log_in(pair[0].address, "bob")
    [worker_id] = pair[0].worker_ids
    with connected(pair[1].address, cookie) as page, ExitStack() as stack:
        page.next("caught-up")
        before = memory(worker_id)
        mute = [stack.enter_context(deaf_page(pair[0].address, bob, call=call_ids[-1])) for _ in range(MUTE)]
        assert page.next("viewers") == {"id": call_ids[-1], "viewers": ["bob"]}
        with took(f"20 events on another process beside {MUTE} mute pages"):
            for call_id in call_ids[:20]:
                sandbox.archive(call_id)
                assert page.next("update-call")["call"]["id"] == call_id
        grown = memory(worker_id) - before

        with took("mute pages gone, as the other process tells"):
            left = wait_until(lambda: _next_viewers(page), TOLD, "the news that they have left")
        assert left == {"id": call_ids[-1], "viewers": []}
        wait_until(lambda: all(has_ended(each) for each in mute), what="the end of all of them")
        assert grown < GROWN


def _next_viewers(page: SocketClient) -> object:
    """The next news of viewers, or nothing yet."""
    try:
        return page.next("viewers")
    except AssertionError:
        return None


def test_fifty_double_clicks_on_two_processes_flip_each_call_once(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str]
) -> None:
    clicked = call_ids[:CLICKS]

    def click(call_id: str) -> list[int]:
        with ThreadPoolExecutor(2) as both:
            sent = [
                both.submit(one.post, f"/calls/{call_id}/archive", cookie, archived="true") for one in pair
            ]
            return [answer.result().status_code for answer in sent]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = list(pool.map(click, clicked))

    assert statuses == [[303, 303]] * CLICKS
    flips = sandbox.counters().archive_flips_by_call
    assert flips == dict.fromkeys(clicked, 1)
    assert all(call["is_archived"] for call in sandbox.calls() if call["id"] in clicked)
