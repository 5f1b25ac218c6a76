"""What the served dashboard writes down: a line for each request, its id in all that follows, no secret."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from bs4 import BeautifulSoup

from tests.support.dashboard import COOKIE, dashboard
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

TIMEOUT = 30.0
PASSWORD, NOTE, SEARCH, TOKEN = "swordfish-8", "she-called-back", "0611223344", "operators-token-1"
FORGED = "forged"


def submit(session: requests.Session, page: str, action: str, **given: str) -> requests.Response:
    """Send the form of this page that leads there, as a browser would."""
    soup = BeautifulSoup(session.get(page, timeout=TIMEOUT).text, "html.parser")
    (form,) = soup.select(f'form[action="{action}"], form[action^="{action}?"]')
    hidden = {field["name"]: field.get("value", "") for field in form.select("input[type=hidden][name]")}
    address = page.split("/", 3)
    return session.post(f"{address[0]}//{address[2]}{action}", data=hidden | given, timeout=TIMEOUT)


def a_day_of_work(address: str, sandbox: Sandbox) -> set[str]:
    """Log in, not without a failure, search, add a note, archive. Returns what is not to be written down."""
    call = sandbox.calls()[0]
    with requests.Session() as session:
        session.trust_env = False
        sandbox.reject_logins()
        submit(session, f"{address}/login", "/login", username="alice", password=PASSWORD)
        sandbox.clear_faults()
        submit(session, f"{address}/login", "/login", username="alice", password=PASSWORD)
        session.get(f"{address}/calls?q={SEARCH}", timeout=TIMEOUT)
        session.get(f"{address}/calls.csv?q={SEARCH}", timeout=TIMEOUT)
        page = f"{address}/calls/{call['id']}"
        submit(session, page, f"/calls/{call['id']}/notes", content=NOTE)
        submit(session, page, f"/calls/{call['id']}/archive", archived="true")
        session.get(f"{address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=TIMEOUT)
        cookie = str(session.cookies[COOKIE])
    assert sandbox.call(call["id"])["is_archived"]
    assert NOTE in {note["content"] for note in sandbox.call(call["id"])["notes"]}
    return {PASSWORD, NOTE, SEARCH, TOKEN, cookie, call["from"], call["to"], "alice"}


def lines_of(output: str, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in output.splitlines()]
    return [line for line in lines if line["event"] == event]


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_day_of_work_leaves_no_secret_and_no_customers_data(
    sandbox: Sandbox, tmp_path: Path, log_format: str
) -> None:
    chosen = {"LOG_FORMAT": log_format, "LOG_LEVEL": "DEBUG", "METRICS_TOKEN": TOKEN}
    with dashboard(sandbox, tmp_path / "data", chosen) as started:
        secret = a_day_of_work(started.ready[1], sandbox)

    output = started.output()
    assert output.count("/calls/<call_id>/archive") >= 1
    assert {text for text in secret if text in output} == set()
    assert "?" not in output
    assert "eyJ" not in output


def test_each_request_has_one_line_and_machines_questions_have_none(sandbox: Sandbox, tmp_path: Path) -> None:
    with dashboard(sandbox, tmp_path / "data", {"LOG_FORMAT": "json"}) as started:
        address = started.ready[1]
        for path in ("/login?next=/x", "/healthz", "/metrics", "/static/dist/manifest.json", "/no/such"):
            requests.get(address + path, timeout=TIMEOUT)

    lines = lines_of(started.output(), "request")
    known = [(line["level"], line["method"], line["route"], line["status"]) for line in lines]
    assert known == [("info", "GET", "/login", 200), ("info", "GET", "none", 404)]
    assert all(0 < line["ms"] < 60_000 for line in lines)
    assert lines[0].keys() == {
        *("timestamp", "level", "logger", "event", "request_id", "method", "route", "status", "ms")
    }


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ("abc-DEF_1.2", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("two words", False),
        (f"a\\n{FORGED}", False),
        ("", False),
    ],
)
def test_a_request_is_known_by_the_id_that_it_came_with(address: str, given: str, is_taken: bool) -> None:
    answers = [
        requests.get(f"{address}/login", headers={"X-Request-ID": given}, timeout=TIMEOUT) for _ in range(2)
    ]

    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert (ids == [given, given]) is is_taken
    assert is_taken or (len(set(ids)) == 2 and all(one.isalnum() for one in ids))


def test_all_lines_of_a_request_carry_its_id_however_many_are_under_way(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with dashboard(sandbox, tmp_path / "data", {"LOG_FORMAT": "json"}) as started:
        address = started.ready[1]
        with requests.Session() as session:
            session.trust_env = False
            submit(session, f"{address}/login", "/login", username="alice", password=PASSWORD)
            cookies = session.cookies.get_dict()
        call_ids = [call["id"] for call in sandbox.calls()[:4]]
        sandbox.answer_503(times=1000, path="/calls/")

        def show(call_id: str) -> None:
            headers = {"X-Request-ID": f"look-{call_ids.index(call_id)}"}
            requests.get(f"{address}/calls/{call_id}", headers=headers, cookies=cookies, timeout=TIMEOUT)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(show, call_ids))

        wait_until(lambda: len(lines_of(started.output(), "request")) >= 7, what="the lines")

    retries = [line for line in lines_of(started.output(), "trying again") if "request_id" in line]
    ids = {f"look-{number}" for number in range(4)}
    assert {line["request_id"] for line in retries} == ids
    ended = [line["request_id"] for line in lines_of(started.output(), "request")]
    assert [one for one in ids if ended.count(one) != 1] == []
