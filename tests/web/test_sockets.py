"""Pages that could not be let in, or ask to be let in once more."""

import pytest
from flask import Flask

from aircall.web.services import services
from tests.support.person import Person

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
