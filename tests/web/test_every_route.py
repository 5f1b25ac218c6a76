"""What holds for every route: reads change nothing, forgeries are refused, odd input is no server error."""

import re
from collections.abc import Iterator
from dataclasses import asdict

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.person import Person
from tests.support.sandbox import Sandbox

# Only reads of the API may follow a GET.
CHANGES = ("archive_flips", "notes_added", "logins")
FORGERIES: list[dict[str, str]] = [{}, {"csrf_token": "forged"}, {"csrf_token": "é"}]
FOREIGN = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
OPEN_TO_ALL = ("/login", "/words/", "/healthz", "/readyz", "/metrics")
FIELDS = ["archived", "content", "from", "ids", "next", "page", "per_page", "q", "to", "top", "type", "view"]
ODD = st.text(max_size=60) | st.sampled_from(["\0", "%00", "../..", "-1", "9" * 400, "é", "x" * 65_536])


def paths(app: Flask, method: str) -> Iterator[str]:
    """Every address that takes this method, with an id that no call has."""
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or set()) and not rule.rule.startswith("/socket.io"):
            yield re.sub(r"<[^>]+>", "00000000-0000-4000-8000-000000000000", rule.rule)


def counted(sandbox: Sandbox, *more: str) -> dict[str, int]:
    counters = asdict(sandbox.counters())
    return {name: counters[name] for name in (*CHANGES, *more)}


def test_reading_changes_nothing(app: Flask, alice: Person, sandbox: Sandbox) -> None:
    before = counted(sandbox)

    for path in {*paths(app, "GET"), *paths(app, "POST")}:
        alice.client.get(path, query_string={"archived": "true", "content": "x"})
        alice.client.head(path)

    assert counted(sandbox) == before
    assert alice.get("/calls").path == "/calls"


def test_a_stranger_is_led_to_the_login(app: Flask, stranger: Person) -> None:
    for path in paths(app, "GET"):
        if not path.startswith(OPEN_TO_ALL):
            assert stranger.get(path).path == "/login", path


def test_a_change_without_its_own_token_is_refused(app: Flask, alice: Person, sandbox: Sandbox) -> None:
    before = counted(sandbox, "call_reads")

    for fields in FORGERIES:
        answers = {path: alice.client.post(path, data=fields) for path in paths(app, "POST")}

        assert len(answers) > 5
        assert {path: each.status_code for path, each in answers.items() if each.status_code != 400} == {}
        assert "This page has expired" in answers["/calls/archive"].text
    assert counted(sandbox, "call_reads") == before


def test_a_change_from_another_site_is_refused(app: Flask, alice: Person, sandbox: Sandbox) -> None:
    token = str(alice.page.select("[name=csrf_token]")[0]["value"])
    before = counted(sandbox, "call_reads")

    for headers in FOREIGN:
        for path in paths(app, "POST"):
            answer = alice.client.post(path, data={"csrf_token": token}, headers=headers)
            assert answer.status_code == 403, path
    assert counted(sandbox, "call_reads") == before


def test_a_method_that_no_route_declares_is_refused(app: Flask, alice: Person) -> None:
    for path in paths(app, "GET"):
        for method in ("TRACE", "PUT", "DELETE"):
            assert alice.client.open(path, method=method).status_code == 405


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(names=st.sets(st.sampled_from(FIELDS)), odd=ODD)
def test_odd_input_is_never_a_server_error(app: Flask, alice: Person, names: set[str], odd: str) -> None:
    token = str(alice.get("/calls").page.select("[name=csrf_token]")[0]["value"])
    answers = [
        alice.client.get(path, query_string=dict.fromkeys(names, odd[:4000])) for path in paths(app, "GET")
    ]
    # A logout would end all that follows; a login begins a session with another token.
    for path in set(paths(app, "POST")) - {"/logout", "/login"}:
        answers.append(alice.client.post(path, data=dict.fromkeys(names, odd) | {"csrf_token": token}))

    assert {answer.request.path: answer.status for answer in answers if answer.status_code >= 500} == {}
    for answer in answers:
        answer.close()
