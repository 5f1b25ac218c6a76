"""What the served dashboard logs: one line per request, its id in every line, no secret."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from bs4 import BeautifulSoup

from tests.support.dashboard import (
    COOKIE,
    READY,
    SharedDashboard,
    dashboard,
    log_in,
    session_of,
    shared_dashboard,
)
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

TIMEOUT = 30.0
PASSWORD, NOTE, SEARCH, TOKEN = "swordfish-8", "she-called-back", "0611223344", "operators-token-1"


def submit(session: requests.Session, page: str, action: str, **given: str) -> requests.Response:
    """Send the form of this page that leads there, as a browser would."""
    soup = BeautifulSoup(session.get(page, timeout=TIMEOUT).text, "html.parser")
    (form,) = soup.select(f'form[action="{action}"], form[action^="{action}?"]')
    hidden = {field["name"]: field.get("value", "") for field in form.select("input[type=hidden][name]")}
    address = page.split("/", 3)
    return session.post(f"{address[0]}//{address[2]}{action}", data=hidden | given, timeout=TIMEOUT)


def troubles_of_a_login(sandbox: Sandbox) -> Iterator[int]:
    """Makes the API refuse or lose logins, in one way after the other; the status of the page that comes."""
    sandbox.reject_logins()
    yield 401
    sandbox.clear_faults()
    sandbox.reset_after_send(times=None, path="/auth/login")
    yield 503
    sandbox.clear_faults()
    sandbox.answer_with(200, b'{"message":"%s"}' % PASSWORD.encode(), path="/auth/login")
    yield 503
    sandbox.clear_faults()


def a_day_of_work(address: str, sandbox: Sandbox) -> set[str]:
    """Log in, not without failures, search, add a note, archive. Returns what is not to be written down."""
    call = sandbox.calls()[0]
    with requests.Session() as session:
        session.trust_env = False
        for status in troubles_of_a_login(sandbox):
            refused = submit(session, f"{address}/login", "/login", username="alice", password=PASSWORD)
            assert refused.status_code == status
            assert PASSWORD not in refused.text
        submit(session, f"{address}/login", "/login", username="alice", password=PASSWORD)
        session.get(f"{address}/calls?q={SEARCH}", timeout=TIMEOUT)
        session.get(f"{address}/calls.csv?q={SEARCH}", timeout=TIMEOUT)
        page = f"{address}/calls/{call['id']}"
        submit(session, page, f"/calls/{call['id']}/notes", content=NOTE)
        submit(session, page, f"/calls/{call['id']}/archive", archived="true")
        session.get(f"{address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=TIMEOUT)
        cookie = session_of(session, address)
    assert sandbox.call(call["id"])["is_archived"]
    assert NOTE in {note["content"] for note in sandbox.call(call["id"])["notes"]}
    return {PASSWORD, NOTE, SEARCH, TOKEN, cookie, call["from"], call["to"], "alice"}


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_day_of_work_leaves_no_secret_and_no_customers_data_and_keeps_no_password(
    sandbox: Sandbox, tmp_path: Path, log_format: str
) -> None:
    data_dir = tmp_path / "data"
    chosen = {"LOG_FORMAT": log_format, "LOG_LEVEL": "DEBUG", "METRICS_TOKEN": TOKEN}
    account = {"LISTENER_USERNAME": "listener", "LISTENER_PASSWORD": PASSWORD}
    with dashboard(sandbox, data_dir, chosen | account) as started:
        secret = a_day_of_work(started.ready[1], sandbox)

    output = started.output()
    assert READY.partition(":")[0] in output, "the first line is there"
    assert "/calls/<call_id>/archive" in output
    audit = [line for line in output.splitlines() if "aircall.audit" in line]
    others = "\n".join(line for line in output.splitlines() if line not in audit)
    # A name stands in what is written down of logins, and nowhere else.
    assert [text for text in secret - {"alice"} if text in output] == []
    assert "alice" not in others
    assert [line for line in audit if "alice" not in line] == []
    assert "logged in" in audit[-2]
    assert "exported" in audit[-1]
    assert "?" not in output
    assert "eyJ" not in output
    kept = {path.name: path.read_bytes() for path in data_dir.rglob("*") if path.is_file()}
    assert any(b"alice" in content for content in kept.values())
    assert not [name for name, content in kept.items() if PASSWORD.encode() in content]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDashboard]:
    """A dashboard that logs JSON."""
    with shared_dashboard(tmp_path_factory.mktemp("data"), {"LOG_FORMAT": "json"}) as shared:
        yield shared


def lines_about(shared: SharedDashboard, event: str, ids: list[str], count: int) -> list[dict[str, Any]]:
    """The lines of the log with this event about the requests with these ids, once there are so many."""

    def found() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in shared.started.output().splitlines()]
        about = [line for line in lines if line["event"] == event and line.get("request_id") in ids]
        return about if len(about) >= count else []

    return wait_until(found, what="the lines")


def test_each_request_has_one_line_and_machines_questions_have_none(
    address: str, shared: SharedDashboard
) -> None:
    paths = ("/login?next=/x", "/healthz", "/readyz", "/metrics", "/static/dist/manifest.json", "/no/such")
    ids = [f"one-{number}" for number, _ in enumerate(paths)]
    for request_id, path in zip(ids, paths, strict=True):
        requests.get(address + path, headers={"X-Request-ID": request_id}, timeout=TIMEOUT)

    lines = lines_about(shared, "request", ids, 2)
    known = [(line["level"], line["method"], line["route"], line["status"]) for line in lines]
    assert known == [("info", "GET", "/login", 200), ("info", "GET", "none", 404)]
    assert all(0 < line["ms"] < 60_000 for line in lines)
    assert lines[0].keys() == {
        *("timestamp", "level", "logger", "event", "request_id", "method", "route", "status", "ms")
    }


def test_a_request_is_known_by_the_id_that_it_came_with_unless_that_is_unfit(address: str) -> None:
    def ids_for(given: str) -> list[str]:
        asked = [
            requests.get(f"{address}/login", headers={"X-Request-ID": given}, timeout=TIMEOUT)
            for _ in range(2)
        ]
        return [answer.headers["X-Request-ID"] for answer in asked]

    for fit in ("abc-DEF_1.2", "x" * 64):
        assert ids_for(fit) == [fit, fit]
    for unfit in ("x" * 65, "two words", "a\\nforged", ""):
        first, second = ids_for(unfit)
        assert first != second
        assert f"{first}{second}".isalnum()


def test_all_lines_of_a_request_carry_its_id_however_many_are_under_way(
    address: str, sandbox: Sandbox, shared: SharedDashboard
) -> None:
    cookies = {COOKIE: log_in(address)}
    call_ids = [call["id"] for call in sandbox.calls()[:4]]
    ids = [f"look-{number}" for number, _ in enumerate(call_ids)]
    sandbox.answer_503(times=1000, path="/calls/")

    def show(call_id: str, request_id: str) -> None:
        headers = {"X-Request-ID": request_id}
        requests.get(f"{address}/calls/{call_id}", headers=headers, cookies=cookies, timeout=TIMEOUT)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(show, call_ids, ids))

    ended = lines_about(shared, "request", ids, 4)
    assert sorted(line["request_id"] for line in ended) == ids
    assert {line["request_id"] for line in lines_about(shared, "trying again", ids, 4)} == set(ids)
