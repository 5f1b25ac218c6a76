"""The served dashboard while its Redis is frozen or dead: each request ends soon, in words, and all heals."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from bs4 import BeautifulSoup

from tests.support.dashboard import COOKIE, TIMEOUT, log_in, serving
from tests.support.redis_server import RedisServer, running_redis
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# Seconds. How long a request may take (the promise is 1.5); a busy machine has some more.
DEADLINE = 5.0
PAGES = ("/calls", "/calls?view=archived", "/insights", "/login", "/nowhere")
TELLS = "Callboard can't reach its own data right now."
TELLS_IN_FRENCH = "Callboard n\N{RIGHT SINGLE QUOTATION MARK}accède pas à ses données pour le moment"
Trouble = Callable[[RedisServer], None]
TROUBLES: dict[str, Trouble] = {"frozen": RedisServer.freeze, "dead": RedisServer.kill}


class Browser:
    """Alice's browser, which gives every request the same time."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = {COOKIE: log_in(address)}

    def ask(self, path: str, method: str = "GET", **options: Any) -> requests.Response:
        """The answer, whatever it is, if it comes in time."""
        options |= {"cookies": self.cookies, "allow_redirects": False}
        return requests.request(method, f"{self.address}{path}", timeout=DEADLINE, **options)


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisServer]:
    """The Redis of this file."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="module")
def served(
    sandbox_process: Sandbox, own_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a dashboard on this Redis."""
    data_dir = tmp_path_factory.mktemp("data")
    with serving(sandbox_process, data_dir, {"REDIS_URL": own_redis.url}) as address:
        yield address
        own_redis.stop()


@pytest.fixture
def browser(served: str, sandbox: Sandbox, own_redis: RedisServer) -> Browser:
    """Alice's browser at that dashboard, all calls read, its Redis well."""
    own_redis.restart()

    readyz = f"{served}/readyz"
    wait_until(lambda: requests.get(readyz, timeout=TIMEOUT).ok, what="a Redis that has been found again")
    browser = Browser(served)
    wait_until(lambda: sandbox.calls()[0]["id"] in browser.ask("/calls").text, what="the list")
    return browser


def told(answer: requests.Response) -> str:
    """What an error page says."""
    assert answer.status_code == 503, answer.text
    return BeautifulSoup(answer.text, "html.parser").select_one("#error-message").text  # type: ignore[union-attr]


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_each_request_is_told_so_in_time_and_what_was_typed_is_not_lost(
    browser: Browser, own_redis: RedisServer, sandbox: Sandbox, trouble: Trouble
) -> None:
    path = f"/calls/{sandbox.calls()[0]['id']}"
    page = BeautifulSoup(browser.ask(path).text, "html.parser")
    fields = {
        str(field["name"]): str(field.get("value", ""))
        for field in page.select(f"form[action='{path}/notes'] input[name]")
    }
    (style,) = page.select("link[rel=stylesheet]")
    trouble(own_redis)

    for each in PAGES:
        answer = browser.ask(each)
        assert TELLS in told(answer)
        # Nothing signs the reader out.
        assert "Set-Cookie" not in answer.headers
        assert "Content-Security-Policy" in answer.headers
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(browser.ask, PAGES * 5))
    assert all(TELLS in told(answer) for answer in answers)
    assert TELLS_IN_FRENCH in told(browser.ask("/calls", headers={"Accept-Language": "fr"}))

    # What was typed is shown, to be copied.
    refused = browser.ask(f"{path}/notes", "POST", data=fields | {"content": "Not to be lost"})
    assert TELLS[:-1] in told(refused)
    (unsaved,) = BeautifulSoup(refused.text, "html.parser").select("#unsaved-note")
    assert unsaved.text.strip() == "Not to be lost"
    assert sandbox.counters().notes_added == 0

    # What needs no storage still works, and operators see what is wrong.
    assert browser.ask(str(style["href"])).status_code == 200
    assert browser.ask("/healthz").status_code == 200
    ready = browser.ask("/readyz")
    assert ready.status_code == 503
    assert ready.json()["storage"]["state"] in ("TimeoutError", "RedisUnavailableError", "ConnectionError")
    browser.cookies.clear()
    form = browser.ask("/login")
    token = str(
        BeautifulSoup(form.text, "html.parser").select("form.login__card [name=csrf_token]")[0]["value"]
    )
    browser.cookies.update(form.cookies)
    fields = {"csrf_token": token, "username": "alice", "password": "any"}
    assert TELLS[:-1] in told(browser.ask("/login", "POST", data=fields))


def test_a_redis_that_lost_everything_is_used_at_once_and_asks_for_the_login_alone(
    browser: Browser, own_redis: RedisServer
) -> None:
    own_redis.kill()
    assert TELLS in told(browser.ask("/calls"))
    own_redis.restart()

    answer = browser.ask("/calls")

    assert answer.status_code == 303
    assert "/login" in answer.headers["Location"]
    browser.cookies = {COOKIE: log_in(browser.address)}
    assert browser.ask("/calls").status_code == 200
