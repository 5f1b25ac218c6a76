"""Callers and names where four processes serve, with Redis and PostgreSQL."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import requests
from bs4 import BeautifulSoup

from tests.support.dashboard import TIMEOUT, session_of, sign_in
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
OURS = "+33189394635"


class Colleague:
    """Somebody at work, with a new connection for each request."""

    def __init__(self, address: str, username: str) -> None:
        self.username = username
        self._address = address
        self._browser = requests.Session()
        self._browser.trust_env = False
        self._browser.headers["Connection"] = "close"
        sign_in(self._browser, address, username)
        self.cookie = session_of(self._browser, address)
        self._token = str(self.get("/calls").select("[name=csrf_token]")[0]["value"])

    def get(self, path: str) -> BeautifulSoup:
        """The page at this path."""
        answer = self._browser.get(self._address + path, timeout=TIMEOUT)
        assert answer.ok, answer.text
        return BeautifulSoup(answer.text, "html.parser")

    def post(self, path: str, files: dict[str, Any] | None = None, **fields: object) -> BeautifulSoup:
        """The page that a form leads to."""
        answer = self._browser.post(
            self._address + path,
            data=fields | {"csrf_token": self._token},
            files=files,
            headers={"Origin": self._address},
            timeout=TIMEOUT,
        )
        assert answer.ok, answer.text
        return BeautifulSoup(answer.text, "html.parser")

    def close(self) -> None:
        """Let go of the connections."""
        self._browser.close()


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
def alice(four: Instance) -> Iterator[Colleague]:
    """Somebody who is signed in."""
    colleague = Colleague(four.address, "alice")
    yield colleague
    colleague.close()


@pytest.fixture(scope="module")
def bob(four: Instance) -> Iterator[Colleague]:
    """Somebody else."""
    colleague = Colleague(four.address, "bob")
    yield colleague
    colleague.close()


@pytest.fixture
def pages(four: Instance, alice: Colleague) -> Iterator[list[SocketClient]]:
    """Sockets of pages, at every process."""
    with ExitStack() as open_pages:
        pages = [open_pages.enter_context(connected(four.address, alice.cookie)) for _ in range(MANY)]
        yield pages


@pytest.fixture(scope="module")
def waiting(sandbox_process: Sandbox, alice: Colleague) -> list[str]:
    """Numbers that wait to be called back."""
    wait_until(lambda: sandbox_process.counters().subscriptions_now == 1, 60, "the subscription")
    created_at = (datetime.now(UTC) - timedelta(minutes=5)).isoformat(timespec="milliseconds")
    for number in NUMBERS:
        came = {"created_at": created_at.replace("+00:00", "Z"), "is_archived": False}
        call = sandbox_process.add_call(caller=number, direction="inbound", call_type="missed", **came)
        sandbox_process.add_note(call["id"], "They called")
    wait_until(lambda: in_queue(alice) >= set(NUMBERS), 60, "all of them in the queue")
    return NUMBERS


def in_queue(colleague: Colleague) -> set[str]:
    """The numbers in the queue, as one of the processes shows it."""
    rows = colleague.get("/callers?sort=newest&per_page=100").select("[data-caller]")
    return {str(row["data-caller"]) for row in rows}


def test_of_two_who_press_together_one_has_the_caller_50_of_50_times(
    alice: Colleague, bob: Colleague, waiting: list[str]
) -> None:
    both = Barrier(2)

    def press(colleague: Colleague, number: str) -> bool:
        both.wait(TIMEOUT)
        page = colleague.post(f"/callers/{number}/claim", claimed="true")
        return "was faster" in page.select("#notices")[0].get_text()

    with ThreadPoolExecutor(2) as pool:
        for number in waiting[:RACES]:
            refused = dict(zip(("alice", "bob"), pool.map(press, (alice, bob), (number,) * 2), strict=True))
            (winner,) = (name for name, is_refused in refused.items() if not is_refused)
            for colleague in (alice, bob):
                shown = colleague.get(f"/callers/{number}").select("[data-claim] bdi")
                assert [name.get_text() for name in shown] == [winner]


def test_a_claim_and_a_conversation_reach_the_pages_of_every_process(
    pages: list[SocketClient],
    bob: Colleague,
    sandbox_process: Sandbox,
    waiting: list[str],
    took: Stopwatch,
) -> None:
    number = waiting[-1]
    with took(f"a claim told on {MANY} pages of 4 processes"):
        bob.post(f"/callers/{number}/claim", claimed="true")
        for page in pages:
            assert page.next("team-change")["topic"] == "claims"

    with took("a caller who was reached gone from the queue, as each process shows it"):
        call = sandbox_process.add_call(
            caller=OURS, to=number, direction="outbound", call_type="answered", duration=60_000
        )
        sandbox_process.add_note(call["id"], "Spoke with them")
        for page in pages:
            while page.next("add-call")["call"]["id"] != call["id"]:
                pass
    assert all(number not in in_queue(bob) for _ in range(MANY))
    held = bob.get(f"/callers/{number}").select("[data-claim] bdi")
    assert held == []


def test_an_import_is_whole_at_every_process(
    pages: list[SocketClient], alice: Colleague, bob: Colleague, took: Stopwatch
) -> None:
    lines = [f"Name {place},+3361{place:07}" for place in range(NAMES)]
    file = "\n".join(["name,number", *lines]).encode()
    with took(f"{NAMES} names previewed and imported"):
        preview = alice.post("/directory/import", {"file": ("contacts.csv", file)}, kind="contact")
        action = str(preview.select("main form")[0]["action"])
        fingerprint = str(preview.select("[name=fingerprint]")[0]["value"])
        alice.post(action, fingerprint=fingerprint, resolution="keep")

    for page in pages:
        assert page.next("team-change")["topic"] == "directory"
    counts = {re.sub(r"\D", "", bob.get("/directory").select("#directory span")[0].text) for _ in range(MANY)}
    assert counts == {str(NAMES)}
    assert "Name 4999" in bob.get("/directory?q=4999").select("#directory")[0].get_text()
