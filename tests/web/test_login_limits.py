"""Failed logins are limited, by address and by name; right ones are not, and nobody else is kept out."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask

from aircall.web.login.attempts import ADDRESS, DEVICE, NAME, network_of
from aircall.web.services import start, stop
from app import create_app
from config import Config
from tests.support.person import Person
from tests.support.redis_server import RedisServer
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.web.conftest import QUICK

WRONG = "wrong"


@pytest.fixture(autouse=True)
def _wrong_password(sandbox: Sandbox) -> None:
    sandbox.reject_password(WRONG)


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The dashboard behind two proxies."""
    app = create_app(replace(config, trusted_proxies=2), QUICK)
    start(app)
    yield app
    stop(app)


def log_in(
    app: Flask, name: str, password: str = WRONG, *, address: str = "", person: Person | None = None
) -> int:
    """The status of a login from this address, by default with a new browser."""
    person = person or Person(app)
    person.client.environ_base["HTTP_X_FORWARDED_FOR"] = f"made up, {address}, 10.0.0.1" if address else ""
    token = str(person.get("/login").find("form.card [name=csrf_token]")["value"])
    fields = {"csrf_token": token, "username": name, "password": password}
    return person.take(person.client.post("/login", data=fields)).status


def test_an_address_is_refused_after_ten_failures_and_others_are_not(app: Flask, sandbox: Sandbox) -> None:
    for number in range(ADDRESS.most):
        assert log_in(app, f"name {number}", address="192.0.2.1") == 401
    asked = sandbox.counters().logins
    refused = Person(app)

    assert log_in(app, "ann", "right", address="192.0.2.1", person=refused) == 429
    assert "Try again in 5 minutes" in refused.find("[role=alert]").get_text()
    assert refused.find("[name=username]")["value"] == "ann"
    assert not refused.find("[name=password]").get("value")
    assert sandbox.counters().logins == asked
    assert log_in(app, "ann", "right", address="192.0.2.2") == 303


def test_the_time_to_wait_is_in_the_headers(app: Flask) -> None:
    for number in range(ADDRESS.most):
        log_in(app, f"name {number}")
    person = Person(app).get("/login")
    token = str(person.find("form.card [name=csrf_token]")["value"])

    answer = person.client.post("/login", data={"csrf_token": token, "username": "a", "password": "b"})

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= ADDRESS.window + 1


def test_a_name_is_refused_after_thirty_failures_from_anywhere_in_any_spelling(app: Flask) -> None:
    for number in range(NAME.most):
        assert log_in(app, ("ann", " Ann ")[number % 2], address=f"192.0.2.{number}") == 401

    assert log_in(app, "ANN", "right", address="198.51.100.1") == 429
    assert log_in(app, "bob", "right", address="198.51.100.1") == 303


def test_a_browser_that_has_logged_in_under_a_name_is_not_kept_out_by_strangers(app: Flask) -> None:
    owner = Person(app)
    assert log_in(app, "ann", "right", address="192.0.2.200", person=owner) == 303
    owner.get("/calls").submit("/logout")
    for number in range(NAME.most):
        log_in(app, "ann", address=f"192.0.2.{number}")
    for number in range(ADDRESS.most):
        log_in(app, f"name {number}", address="192.0.2.200")

    assert log_in(app, "ann", "right", address="192.0.2.200", person=owner) == 303

    # It has no right to other names, and its own failures count.
    owner.get("/calls").submit("/logout")
    assert log_in(app, "bob", "right", address="192.0.2.200", person=owner) == 429
    for _ in range(DEVICE.most):
        assert log_in(app, "ann", address="192.0.2.200", person=owner) == 401
    assert log_in(app, "ann", "right", address="192.0.2.200", person=owner) == 429


def test_right_logins_are_never_limited_and_trouble_of_the_api_is_no_failure(
    app: Flask, sandbox: Sandbox
) -> None:
    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(lambda number: log_in(app, f"person {number}", "right"), range(40))) == {303}
    sandbox.answer_503(times=None, path="/auth/login")
    for _ in range(ADDRESS.most + 1):
        log_in(app, "ann", "right")
    sandbox.clear_faults()

    wait_until(lambda: log_in(app, "ann", "right") == 303, what="an API that is asked again")


def test_many_at_once_are_no_way_round(app: Flask, sandbox: Sandbox) -> None:
    sandbox.be_slow(0.2, path="/auth/login")
    with ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(lambda number: log_in(app, f"name {number}"), range(40)))

    assert statuses.count(401) == ADDRESS.most
    assert statuses.count(429) == 40 - ADDRESS.most


def test_what_a_client_says_of_its_address_is_not_believed_without_proxies(config: Config) -> None:
    app = create_app(config, QUICK)
    for number in range(ADDRESS.most):
        log_in(app, f"name {number}", address=f"192.0.2.{number}")

    assert log_in(app, "ann", address="198.51.100.1") == 429
    stop(app)


def test_processes_count_together(config: Config, redis: RedisServer) -> None:
    apps = [create_app(replace(config, redis_url=redis.url), QUICK) for _ in range(2)]
    for number in range(ADDRESS.most):
        assert log_in(apps[number % 2], f"name {number}") == 401

    assert [log_in(app, "ann", "right") for app in apps] == [429, 429]
    for app in apps:
        stop(app)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_an_address_counts_with_all_that_its_owner_has(address: str, network: str) -> None:
    assert network_of(address) == network
