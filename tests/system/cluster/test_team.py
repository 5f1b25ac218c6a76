"""Callers and names where four processes serve, with Redis and PostgreSQL."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest
import requests
from bs4 import BeautifulSoup

from tests.support.arrivals import OURS, comes
from tests.support.dashboard import TIMEOUT, log_in
from tests.support.postgres import Postgres
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.socket_client import SocketClient, connected
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until
from tests.system.cluster.instance import Instance, serving

RACES, NAMES = 50, 5000
# Of connections, which the system spreads over the processes.
MANY = 16
NUMBERS = [f"+3318765{place:04}" for place in range(RACES + 1)]


@pytest.fixture(scope="module")
def four(
    sandbox_process: Sandbox,
    durable_redis: RedisServer,
    postgres_server: Postgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Instance]:
    """Four processes at one address."""
    sandbox_process.reset()
    postgres_server.clear()
    durable_redis.clear()
    data_dir = tmp_path_factory.mktemp("four")
    settings = {"DATABASE_URL": postgres_server.url, "WORKERS": "4"}
    with serving(sandbox_process, durable_redis, data_dir, is_quick=True, **settings) as instance:
        yield instance


@pytest.fixture(scope="module")
def alice(four: Instance) -> str:
    """Alice's session."""
    return log_in(four.address, "alice")


@pytest.fixture(scope="module")
def bob(four: Instance) -> str:
    """Bob's session."""
    return log_in(four.address, "bob")


@pytest.fixture
def pages(four: Instance, alice: str) -> Iterator[list[SocketClient]]:
    """Sockets of pages, at every process."""
    with ExitStack() as open_pages:
        yield [open_pages.enter_context(connected(four.address, alice)) for _ in range(MANY)]


@pytest.fixture(scope="module")
def waiting(four: Instance, sandbox_process: Sandbox, alice: str) -> list[str]:
    """Numbers that wait to be called back."""
    wait_until(lambda: sandbox_process.counters().subscriptions_now == 1, 60, "the subscription")
    for number in NUMBERS:
        comes(sandbox_process, 5, caller=number, direction="inbound", call_type="missed")
    wait_until(lambda: in_queue(four, alice) >= set(NUMBERS), 60, "all of them in the queue")
    return NUMBERS


def page_at(four: Instance, path: str, cookie: str) -> BeautifulSoup:
    """The page at this path, as one of the processes shows it."""
    answer = four.get(path, cookie)
    assert answer.ok, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def page_after(four: Instance, answer: requests.Response, cookie: str) -> BeautifulSoup:
    """The page that a form leads to."""
    assert answer.status_code == 303, answer.text
    return page_at(four, answer.headers["Location"], cookie)


def in_queue(four: Instance, cookie: str) -> set[str]:
    """The numbers in the queue."""
    rows = page_at(four, "/callers?sort=newest&per_page=100", cookie).select("[data-caller]")
    return {str(row["data-caller"]) for row in rows}


def holders(four: Instance, number: str, cookie: str) -> list[str]:
    """Who has this caller, as the caller's page says."""
    return [
        name.get_text() for name in page_at(four, f"/callers/{number}", cookie).select("[data-claim] bdi")
    ]


def test_of_two_who_press_together_one_has_the_caller_50_of_50_times(
    four: Instance, alice: str, bob: str, waiting: list[str]
) -> None:
    cookies = {"alice": alice, "bob": bob}
    tokens = {name: four.form_token(cookie) for name, cookie in cookies.items()}
    both = Barrier(2)

    def press(name: str, number: str) -> bool:
        both.wait(TIMEOUT)
        path = f"/callers/{number}/claim"
        answer = four.post(path, cookies[name], claimed="true", csrf_token=tokens[name])
        return "was faster" in page_after(four, answer, cookies[name]).select("#notices")[0].get_text()

    with ThreadPoolExecutor(2) as pool:
        for number in waiting[:RACES]:
            refused = dict(zip(cookies, pool.map(press, cookies, (number,) * 2), strict=True))
            (winner,) = (name for name, is_refused in refused.items() if not is_refused)
            for cookie in cookies.values():
                assert holders(four, number, cookie) == [winner]


def test_a_claim_and_a_conversation_reach_the_pages_of_every_process(
    four: Instance,
    pages: list[SocketClient],
    bob: str,
    sandbox_process: Sandbox,
    waiting: list[str],
    took: Stopwatch,
) -> None:
    number = waiting[-1]
    with took(f"a claim told on {MANY} pages of 4 processes"):
        four.post(f"/callers/{number}/claim", bob, claimed="true")
        for page in pages:
            assert page.next("team-change")["topic"] == "claims"

    with took("a caller who was reached gone from the queue, as each process shows it"):
        spoken = {"direction": "outbound", "call_type": "answered", "duration": 60_000}
        call_id = comes(sandbox_process, 0, caller=OURS, to=number, **spoken)
        for page in pages:
            while page.next("add-call")["call"]["id"] != call_id:
                pass
    assert all(number not in in_queue(four, bob) for _ in range(MANY))
    assert holders(four, number, bob) == []


def test_an_import_is_whole_at_every_process(
    four: Instance, pages: list[SocketClient], alice: str, bob: str, took: Stopwatch
) -> None:
    lines = [f"Name {place},+3361{place:07}" for place in range(NAMES)]
    file = "\n".join(["name,number", *lines]).encode()
    with took(f"{NAMES} names previewed and imported"):
        sent = four.post("/directory/import", alice, {"file": ("contacts.csv", file)}, kind="contact")
        preview = page_after(four, sent, alice)
        fingerprint = str(preview.select("[name=fingerprint]")[0]["value"])
        action = str(preview.select("main form")[0]["action"])
        page_after(four, four.post(action, alice, fingerprint=fingerprint, resolution="keep"), alice)

    for page in pages:
        assert page.next("team-change")["topic"] == "directory"
    shown = {page_at(four, "/directory", bob).select("#directory span")[0].text for _ in range(MANY)}
    assert {re.sub(r"\D", "", text) for text in shown} == {str(NAMES)}
    assert "Name 4999" in page_at(four, "/directory?q=4999", bob).select("#directory")[0].get_text()
