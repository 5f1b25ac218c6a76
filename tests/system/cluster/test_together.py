"""Several processes are one dashboard: what happens at one of them shows at every other."""

from concurrent.futures import ThreadPoolExecutor

from tests.support.dashboard import log_in
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.socket_client import connected
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until
from tests.system.cluster.instance import Pair, serving
from tests.system.cluster.lasting_page import lasting_pages, wait_until_right
from tests.system.serving.conftest import viewers

# Seconds. The promises are 2 s for a change on every page and 1 s for the end of a session's sockets.
ON_EVERY_PAGE, SIGNED_OUT = 8.0, 5.0
CLICKS, AT_ONCE = 25, 5


def test_a_change_shows_on_every_page_of_every_process(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str], took: Stopwatch
) -> None:
    with lasting_pages([one.address for one in pair] * 4, cookie, call_ids[:2]) as pages:
        with took("a colleague's change, on 8 pages of 2 processes"):
            sandbox.archive(call_ids[0])
            wait_until_right(pages, sandbox, ON_EVERY_PAGE)

        with took("a change by the other process, on the same pages"):
            pair[1].post(f"/calls/{call_ids[1]}/archive", cookie, archived="true")
            wait_until_right(pages, sandbox, ON_EVERY_PAGE)


def test_logging_out_at_one_process_closes_the_sockets_of_every_other(
    pair: Pair, cookie: str, took: Stopwatch
) -> None:
    bob = log_in(pair[1].address, "bob")
    with connected(pair[1].address, cookie) as page, connected(pair[1].address, bob) as other:
        page.next("caught-up")
        other.next("caught-up")

        pair[0].post("/logout", cookie)

        with took("signed out on the other process"):
            wait_until(lambda: not page.client.connected, SIGNED_OUT, "the end of the socket")
        assert other.client.connected
    assert pair[1].get("/calls", cookie).headers["Location"].startswith("/login")


def test_viewers_of_a_call_are_told_on_every_process_and_gone_with_a_killed_one(
    pair: Pair,
    cookie: str,
    sandbox: Sandbox,
    durable_redis: RedisServer,
    call_ids: list[str],
    took: Stopwatch,
) -> None:
    with (
        serving(sandbox, durable_redis, pair[0].data_dir) as third,
        connected(pair[0].address, cookie) as alice,
    ):
        bob = log_in(third.address, "bob")
        with connected(third.address, bob, call=call_ids[0]):
            assert viewers(alice, call_ids[0]) == ["bob"]
        with took("gone after leaving"):
            assert viewers(alice, call_ids[0]) == []

        with connected(third.address, bob, call=call_ids[1]):
            assert viewers(alice, call_ids[1]) == ["bob"]
            third.kill()
            with took("gone after the process was killed"):
                assert viewers(alice, call_ids[1]) == []


def test_a_job_of_one_process_is_followed_and_stopped_at_another(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str]
) -> None:
    wanted = call_ids[:20]
    sandbox.be_slow(0.5, path="/calls/")
    begun = pair[0].post("/calls/archive", cookie, ids=wanted, archived="true")
    job = begun.headers["Location"]

    assert pair[1].get(job, cookie).status_code == 200
    pair[1].post(f"{job.partition('?')[0]}/stop", cookie)

    sandbox.clear_faults()
    wait_until(lambda: "were not changed" in pair[1].get(job, cookie).text, 30, "the end of the job")
    assert sum(sandbox.call(call_id)["is_archived"] for call_id in wanted) < len(wanted)


def test_clicks_of_two_people_on_two_processes_flip_each_call_once(
    pair: Pair, cookie: str, sandbox: Sandbox, call_ids: list[str]
) -> None:
    clicked = call_ids[:CLICKS]
    cookies = (cookie, log_in(pair[1].address, "bob"))

    def click(call_id: str) -> list[int]:
        path = f"/calls/{call_id}/archive"
        with ThreadPoolExecutor(2) as both:
            sent = [
                both.submit(one.post, path, session, archived="true")
                for one, session in zip(pair, cookies, strict=True)
            ]
            return [answer.result().status_code for answer in sent]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = list(pool.map(click, clicked))

    assert statuses == [[303, 303]] * CLICKS
    assert sandbox.counters().archive_flips_by_call == dict.fromkeys(clicked, 1)
    assert all(call["is_archived"] for call in sandbox.calls() if call["id"] in clicked)
