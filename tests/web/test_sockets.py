"""What is left of a page that could not be let in: nothing."""

import pytest
from flask import Flask

from aircall.web.services import services
from tests.support.person import Person

HEADERS = {"Origin": "http://localhost", "Host": "localhost"}


def test_a_page_that_could_not_be_told_the_state_is_not_counted(
    app: Flask, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        live, feed = services().live, services().replica.feed

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
