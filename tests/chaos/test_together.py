"""Several processes are one dashboard: what happens at one of them shows at every other."""

from contextlib import ExitStack
from threading import Thread

import pytest

from tests.chaos.conftest import Serve
from tests.chaos.instance import Instance
from tests.chaos.page import page_of
from tests.support.dashboard import log_in
from tests.support.sandbox import Sandbox
from tests.support.socket_client import SocketClient, connected
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until

Pair = tuple[Instance, Instance]


@pytest.fixture
def call_ids(sandbox: Sandbox) -> list[str]:
    """Some calls, all in the inbox."""
    return [call["id"] for call in sandbox.calls() if not call["is_archived"]][:20]


def viewers(page: SocketClient, call_id: str) -> list[str]:
    """Who looks at this call, by the next news of it."""
    news = page.next("viewers")
    return list(news["viewers"]) if news["id"] == call_id else viewers(page, call_id)


def test_a_change_shows_on_every_page_of_every_process(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str], took: Stopwatch
) -> None:
    with ExitStack() as stack:
        pages = [stack.enter_context(page_of(one, cookie, call_ids)) for one in pair for _ in range(4)]

        with took("a colleague's change, on 8 pages of 2 processes"):
            sandbox.archive(call_ids[0])
            for page in pages:
                page.wait_for(call_ids[0], True, within=2)

        with took("a change by the other process, on the same pages"):
            pair[1].post(f"/calls/{call_ids[1]}/archive", cookie, archived="true")
            for page in pages:
                page.wait_for(call_ids[1], True, within=2)


def test_what_a_page_of_one_process_missed_another_one_sends(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str]
) -> None:
    with connected(pair[0].address, cookie) as page:
        position = page.next("caught-up")["position"]
        sandbox.archive(call_ids[0])
        page.next("update-call")

    with connected(pair[1].address, cookie, position=position) as page:
        name, told = page.next_of("update-call", "reload")

    assert (name, told["call"]["id"]) == ("update-call", call_ids[0])


def test_logging_out_at_one_process_closes_the_sockets_of_every_other(
    pair: Pair, cookie: str, took: Stopwatch
) -> None:
    bob = log_in(pair[1].address, "bob")
    with connected(pair[1].address, cookie) as page, connected(pair[1].address, bob) as other:
        page.next("caught-up")
        other.next("caught-up")

        pair[0].post("/logout", cookie)

        with took("signed out on the other process"):
            wait_until(lambda: not page.client.connected, 1, "the end of the socket")
        assert other.client.connected
    assert pair[1].get("/calls", cookie).headers["Location"].startswith("/login")


def test_who_looks_at_a_call_is_told_on_every_process_and_gone_with_a_killed_one(
    serve: Serve, pair: Pair, cookie: str, call_ids: list[str], took: Stopwatch
) -> None:
    third = serve()
    bob = log_in(third.address, "bob")
    with connected(pair[0].address, cookie) as alice:
        with connected(third.address, bob, call=call_ids[0]):
            assert viewers(alice, call_ids[0]) == ["bob"]
        with took("gone after leaving"):
            assert viewers(alice, call_ids[0]) == []

        with connected(third.address, bob, call=call_ids[1]):
            assert viewers(alice, call_ids[1]) == ["bob"]
            third.kill()
            with took("gone after the process was killed"):
                told = wait_until(lambda: _last(alice), 10, "the news")
        assert told == {"id": call_ids[1], "viewers": []}


def _last(page: SocketClient) -> dict[str, object]:
    try:
        return dict(page.next("viewers"))
    except AssertionError:
        return {}


def test_two_who_archive_the_same_call_at_two_processes_flip_it_once(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str]
) -> None:
    bob = log_in(pair[1].address, "bob")

    for call_id in call_ids:
        path = f"/calls/{call_id}/archive"
        clicks = [
            Thread(target=one.post, args=(path, who), kwargs={"archived": "true"})
            for one, who in zip(pair, (cookie, bob), strict=True)
        ]
        for click in clicks:
            click.start()
        for click in clicks:
            click.join()

    flips = sandbox.counters().archive_flips_by_call
    assert [flips[call_id] for call_id in call_ids] == [1] * len(call_ids)
    assert all(sandbox.call(call_id)["is_archived"] for call_id in call_ids)


def test_a_job_of_one_process_is_followed_and_stopped_at_another(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str]
) -> None:
    sandbox.be_slow(0.5, path="/calls/")
    begun = pair[0].post("/calls/archive", cookie, ids=call_ids, archived="true")
    job = begun.headers["Location"]

    assert pair[1].get(job, cookie).status_code == 200
    pair[1].post(f"{job.partition('?')[0]}/stop", cookie)

    sandbox.clear_faults()
    wait_until(lambda: "not reached" in pair[1].get(job, cookie).text, 15, "the end of the job")
    assert sum(sandbox.call(call_id)["is_archived"] for call_id in call_ids) < len(call_ids)
