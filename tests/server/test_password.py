"""A password is passed on to the API once, and found nowhere afterwards."""

from pathlib import Path

import requests
from bs4 import BeautifulSoup

from tests.support.dashboard import READY, dashboard
from tests.support.sandbox import Sandbox

PASSWORD = "sesame-street-4711"
TIMEOUT = 20.0


def log_in(address: str, username: str) -> requests.Response:
    """What the login form answers."""
    with requests.Session() as session:
        page = BeautifulSoup(session.get(f"{address}/login", timeout=TIMEOUT).text, "html.parser")
        fields = {field["name"]: field.get("value", "") for field in page.select("input[name]")}
        fields |= {"username": username, "password": PASSWORD}
        return session.post(f"{address}/login", data=fields, timeout=TIMEOUT)


def test_a_password_is_sent_once_and_kept_and_logged_nowhere(sandbox: Sandbox, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    account = {"LISTENER_USERNAME": "listener", "LISTENER_PASSWORD": PASSWORD}
    with dashboard(sandbox, data_dir, account) as started:
        address = started.ready[1]
        before = sandbox.counters().requests
        answers = [log_in(address, "alice")]
        sandbox.reject_logins()
        answers.append(log_in(address, "bob"))
        sandbox.clear_faults()
        sandbox.reset_after_send(times=None, path="/auth/login")
        answers.append(log_in(address, "carol"))
        sandbox.clear_faults()
        sandbox.answer_503(times=None)
        answers.append(log_in(address, "dave"))
        sandbox.clear_faults()
        sandbox.answer_with(200, b'{"message":"%s"}' % PASSWORD.encode(), path="/auth/login")
        answers.append(log_in(address, "erin"))
        assert sandbox.counters().requests > before

    assert [answer.status_code for answer in answers] == [200, 401, 503, 503, 503]
    assert not any(PASSWORD in answer.text for answer in answers)
    # From the first line on.
    assert READY.partition(":")[0] in started.output()
    assert PASSWORD not in started.output()
    kept = {path.name: path.read_bytes() for path in data_dir.rglob("*") if path.is_file()}
    assert any(b"alice" in content for content in kept.values())
    assert not [name for name, content in kept.items() if PASSWORD.encode() in content]
