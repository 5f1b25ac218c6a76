"""The served dashboard while its Redis is frozen or dead: each request ends soon, in words, and all heals."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup

from tests.support.dashboard import COOKIE, log_in, serving
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# How long a request may take, and how long it may be until the pages are right again; in seconds.
DEADLINE, HEALED_WITHIN = 1.5, 5.0
PAGES = ("/calls", "/calls?view=archived", "/insights", "/login", "/nowhere")
TELLS = "The dashboard can't reach its own storage right now."
TELLS_IN_FRENCH = (
    "Le tableau de bord n\N{RIGHT SINGLE QUOTATION MARK}accède pas à son propre stockage pour le moment"
)
TROUBLES: dict[str, Callable[[RedisServer], None]] = {"frozen": RedisServer.freeze, "dead": RedisServer.kill}


class Browser:
    """Somebody's browser, which gives every request the same time."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = {COOKIE: log_in(address)}

    def get(self, path: str, **headers: str) -> requests.Response:
        """The answer, whatever it is, if it comes in time."""
        return requests.get(
            f"{self.address}{path}",
            cookies=self.cookies,
            headers=headers,
            timeout=DEADLINE,
            allow_redirects=False,
        )

    def page(self, path: str) -> BeautifulSoup:
        """A page, which has to be one."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return BeautifulSoup(answer.text, "html.parser")

    def post(self, path: str, fields: dict[str, str]) -> requests.Response:
        """The answer to a form."""
        return requests.post(f"{self.address}{path}", fields, cookies=self.cookies, timeout=DEADLINE)


@pytest.fixture
def browser(sandbox: Sandbox, own_redis: RedisServer, tmp_path: Path) -> Iterator[Browser]:
    """The browser of somebody signed in at a dashboard on this Redis, its list read."""
    with serving(sandbox, tmp_path / "data", {"REDIS_URL": own_redis.url}) as address:
        browser = Browser(address)
        wait_until(lambda: sandbox.calls()[0]["id"] in browser.get("/calls").text, what="the list")
        yield browser
        own_redis.stop()


@pytest.fixture(params=list(TROUBLES))
def trouble(request: pytest.FixtureRequest) -> Callable[[RedisServer], None]:
    """What becomes of the Redis."""
    return TROUBLES[request.param]


def told(answer: requests.Response) -> str:
    """What an error page says."""
    assert answer.status_code == 503, answer.text
    return BeautifulSoup(answer.text, "html.parser").select_one("#error-message").text  # type: ignore[union-attr]


def test_each_request_is_told_so_in_time_however_many_there_are(
    browser: Browser, own_redis: RedisServer, trouble: Callable[[RedisServer], None]
) -> None:
    trouble(own_redis)

    for path in PAGES:
        assert TELLS in told(browser.get(path))
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(browser.get, PAGES * 5))

    assert all(TELLS in told(answer) for answer in answers)
    assert TELLS_IN_FRENCH in told(browser.get("/calls", **{"Accept-Language": "fr"}))


def test_the_page_that_tells_so_signs_nobody_out_and_sets_no_cookie(
    browser: Browser, own_redis: RedisServer
) -> None:
    own_redis.freeze()

    answer = browser.get("/calls")

    assert TELLS in told(answer)
    assert "Set-Cookie" not in answer.headers
    assert "Content-Security-Policy" in answer.headers


def test_what_needs_no_storage_still_works_and_operators_see_what_is_wrong(
    browser: Browser, own_redis: RedisServer, trouble: Callable[[RedisServer], None]
) -> None:
    style = browser.page("/calls").select_one("link[rel=stylesheet]")
    assert style is not None
    trouble(own_redis)

    assert browser.get(str(style["href"])).status_code == 200
    assert browser.get("/healthz").status_code == 200
    ready = browser.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["storage"]["state"] in ("TimeoutError", "RedisUnavailableError", "ConnectionError")


def test_what_was_typed_is_shown_to_be_copied(
    browser: Browser, own_redis: RedisServer, sandbox: Sandbox, trouble: Callable[[RedisServer], None]
) -> None:
    path = f"/calls/{sandbox.calls()[0]['id']}"
    form = browser.page(path).select(f"form[action='{path}/notes'] input[name]")
    fields = {str(field["name"]): str(field.get("value", "")) for field in form}
    trouble(own_redis)

    answer = browser.post(f"{path}/notes", fields | {"content": "Not to be lost"})

    assert TELLS[:-1] in told(answer)
    assert (
        BeautifulSoup(answer.text, "html.parser").select("#unsaved-note")[0].text.strip() == "Not to be lost"
    )
    assert sandbox.counters().notes_added == 0


def test_a_visitor_without_a_session_is_told_so_too(browser: Browser, own_redis: RedisServer) -> None:
    browser.cookies.clear()
    own_redis.freeze()

    assert TELLS in told(browser.get("/login"))


def test_pages_are_right_again_soon_after_redis_goes_on(browser: Browser, own_redis: RedisServer) -> None:
    own_redis.freeze()
    assert TELLS in told(browser.get("/calls"))
    own_redis.thaw()

    wait_until(lambda: browser.get("/calls").status_code == 200, HEALED_WITHIN, "the list")

    assert all(browser.get(path).status_code in (200, 303, 404) for path in PAGES)


def test_a_redis_that_lost_everything_is_used_at_once_and_asks_for_the_login_alone(
    browser: Browser, own_redis: RedisServer
) -> None:
    own_redis.kill()
    assert TELLS in told(browser.get("/calls"))
    own_redis.restart()

    answer = browser.get("/calls")

    assert answer.status_code == 303
    assert "/login" in answer.headers["Location"]
    browser.cookies = {COOKIE: log_in(browser.address)}
    assert browser.get("/calls").status_code == 200


def test_without_its_redis_it_does_not_start_and_says_so_in_one_line(
    sandbox: Sandbox, own_redis: RedisServer, tmp_path: Path
) -> None:
    own_redis.kill()
    settings = {"REDIS_URL": own_redis.url.replace("//", "//ann:swordfish@")}

    with pytest.raises(AssertionError) as refused, serving(sandbox, tmp_path / "data", settings):
        pass

    line = str(refused.value).splitlines()[-1]
    assert line.startswith(f"Callboard cannot start: {own_redis.url} cannot be used: ")
    assert "swordfish" not in str(refused.value)
