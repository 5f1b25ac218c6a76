"""What pages are sent of a change, and pages that could not be let in, or ask for it once more."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from aircall.models import Call
from aircall.web.live.change_messages import MOST_ROOMS
from aircall.web.services import services
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.conftest import services_of

HEADERS = {"Origin": "http://localhost", "Host": "localhost"}


def test_a_page_that_could_not_be_told_the_state_is_not_counted(
    app: Flask, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        live, feed = services().hub, services().replica.feed

    def fail(_position: str) -> None:
        raise MemoryError

    monkeypatch.setattr(feed, "changes_after", fail)
    page = live.socketio.test_client(
        app, headers=HEADERS, auth={"position": "1.1"}, flask_test_client=alice.client
    )

    assert not page.is_connected()
    assert live.page_count == 0

    monkeypatch.undo()
    page.connect(headers=HEADERS, auth={"position": "1.1"})
    assert page.is_connected()
    assert live.page_count == 1
    page.disconnect()
    assert live.page_count == 0


# What only pages with a list get.
PUSHED = ("html", "directory", "claims")


def connected(app: Flask, person: Person, rows: object = None, **given: object) -> Any:
    """Return the socket of a page that was rendered just now."""
    built = services_of(app)
    auth = {"position": built.replica.feed.position, "rows": rows, **given}
    return built.hub.socketio.test_client(app, headers=HEADERS, auth=auth, flask_test_client=person.client)


def events(page: Any, name: str) -> list[dict[str, Any]]:
    """Return the payloads of the events of this name since the last look."""
    return [event["args"][0] for event in page.get_received() if event["name"] == name]


def row_of(person: Person, language: str, zone: str, call_id: str) -> BeautifulSoup:
    """Return the row that this person would request, without the address of a list in its link."""
    person.client.set_cookie("language", language)
    person.client.set_cookie("tz", zone)
    row = person.get(f"/calls/rows?ids={call_id}").page
    link = row.select_one("a")
    assert link is not None
    link["href"] = str(link["href"]).partition("?")[0]
    return row


def test_a_change_brings_the_row_as_each_page_would_request_it_and_the_counts(
    app: Flask, alice: Person, sandbox: Sandbox
) -> None:
    places = (("en", "Europe/Paris"), ("fr", "Europe/Paris"), ("en", "America/New_York"))
    lists = [connected(app, alice, {"language": language, "zone": zone}) for language, zone in places]
    other = connected(app, alice)
    call_id = alice.get("/calls").call_ids[0]

    services_of(app).replica.apply(Call.from_json(sandbox.archive(call_id)))

    sent = [events(page, "update-call") for page in (*lists, other)]
    assert [len(each) for each in sent] == [1, 1, 1, 1]
    facts = sent[-1][0]
    today = [each[0].pop("today") for each in sent[:-1]]
    assert {name: value for name, value in sent[0][0].items() if name not in PUSHED} == facts
    assert facts["call"]["is_archived"]
    alice.get("/calls?view=all")
    shown = {str(tab["data-count"]): int(tab.text) for tab in alice.page.select("[data-count]")}
    del shown["today"]
    assert facts["counts"] == shown
    for (language, zone), each, of_today in zip(places, sent[:-1], today, strict=True):
        pushed = BeautifulSoup(each[0]["html"], "html.parser")
        assert str(pushed).split() == str(row_of(alice, language, zone, call_id)).split()
        assert int(alice.get("/calls").find("[data-count=today]").text) == of_today
    assert len({each[0]["html"] for each in sent[:-1]}) == len(places)


@pytest.mark.parametrize(
    "rows",
    [
        {"language": "en", "zone": "Mars/Olympus"},
        {"language": "tlh", "zone": "UTC"},
        {"language": ["en"], "zone": {"UTC": 1}},
        {},
        "rows en UTC",
        ["en", "UTC"],
    ],
)
def test_a_page_that_asks_for_rows_that_there_are_not_gets_the_facts(
    app: Flask, alice: Person, sandbox: Sandbox, rows: object
) -> None:
    page = connected(app, alice, rows)

    services_of(app).replica.apply(Call.from_json(sandbox.archive(alice.get("/calls").call_ids[0])))

    (change,) = events(page, "update-call")
    assert change.keys() == {"call", "position", "counts"}


def test_rows_are_rendered_for_so_many_languages_and_zones_and_a_page_that_leaves_makes_room(
    app: Flask, alice: Person, sandbox: Sandbox
) -> None:
    zones = [f"Etc/GMT{number:+}" for number in range(-14, 13)]
    wanted = [{"language": language, "zone": zone} for language in ("en", "fr") for zone in zones]
    pages = [connected(app, alice, rows) for rows in wanted[: MOST_ROOMS + 1]]
    alice.get("/calls?view=all")

    services_of(app).replica.apply(Call.from_json(sandbox.archive(alice.call_ids[0])))
    sent = [events(page, "update-call")[0] for page in pages]
    assert ["html" in each for each in sent] == [True] * MOST_ROOMS + [False]

    pages[0].disconnect()
    last = connected(app, alice, wanted[MOST_ROOMS + 1])
    services_of(app).replica.apply(Call.from_json(sandbox.archive(alice.call_ids[0])))
    assert "html" in events(last, "update-call")[0]


def test_a_page_cannot_ask_to_be_let_in_by_an_event_with_a_request_of_its_own(
    app: Flask, alice: Person
) -> None:
    with app.app_context():
        live = services().hub
    page = live.socketio.test_client(app, headers=HEADERS, flask_test_client=alice.client)
    page.get_received()

    page.emit("connect", {"HTTP_ORIGIN": "x", "HTTP_COOKIE": "callboard=x"})
    page.emit("connect")

    assert page.get_received() == []
    assert live.page_count == 1
    page.disconnect()
