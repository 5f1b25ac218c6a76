"""What the listener makes of the messages it gets: calls, errors in every form, and anything foreign."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from aircall.status import LinkState
from tests.integration.pusher.listening import CALL, GAP, listening, settings_for
from tests.integration.pusher.rude_pusher import CHANNEL, Peer, RudePusher, polite
from tests.support.waiting import wait_until

NOTE = CALL.notes[0].content


@pytest.mark.parametrize("form", [json.dumps, dict], ids=["text", "object"])
def test_a_call_is_read_whether_its_data_is_a_text_or_an_object(form: Callable[[Any], object]) -> None:
    with RudePusher(polite) as server, listening(settings_for(server.port)) as subject:
        subject.wait_until(LinkState.LIVE)

        server.peers[0].send("update-call", form(CALL.to_json()), CHANNEL)

        subject.wait_for(CALL)


def test_a_call_that_arrives_together_with_the_confirmation_is_not_lost_and_comes_after_the_gap() -> None:
    def hurry(peer: Peer) -> None:
        peer.greet()
        peer.subscription()
        confirmation = ("pusher_internal:subscription_succeeded", "{}")
        peer.send_together(confirmation, ("update-call", json.dumps(CALL.to_json())))
        peer.stay()

    with RudePusher(hurry) as server, listening(settings_for(server.port)) as subject:
        subject.wait_for(CALL)

    assert subject.heard == [GAP, CALL]


def test_neither_a_call_before_the_confirmation_nor_a_second_confirmation_counts() -> None:
    def confuse(peer: Peer) -> None:
        peer.greet()
        peer.subscription()
        peer.send("update-call", replace(CALL, via="").to_json(), CHANNEL)
        peer.confirm()
        peer.confirm()
        peer.send("update-call", CALL.to_json(), CHANNEL)
        peer.stay()

    with RudePusher(confuse) as server, listening(settings_for(server.port)) as subject:
        subject.wait_for(CALL)

    assert subject.heard == [GAP, CALL]


FOREIGN_DATA = {
    "not JSON": "{",
    "a page": "<!doctype html><h1>Bad gateway</h1>",
    "nothing": "",
    "null": None,
    "a number": 7,
    "a list": [CALL.to_json()],
    "a megabyte": "x" * 1_000_001,
    "a megabyte of JSON": json.dumps({**CALL.to_json(), "via": "1" * 1_000_000}),
    "deeply nested": "[" * 100_000,
    "a lone surrogate": '"\ud800"',
    "no id": json.dumps({**CALL.to_json(), "id": None}),
    "an id of another kind": json.dumps({**CALL.to_json(), "id": "../../etc/passwd"}),
}


@pytest.mark.parametrize("data", FOREIGN_DATA.values(), ids=FOREIGN_DATA.keys())
def test_data_that_is_no_call_is_dropped_with_one_line_and_the_link_stays(
    data: object, caplog: pytest.LogCaptureFixture
) -> None:
    with RudePusher(polite) as server, listening(settings_for(server.port)) as subject:
        subject.wait_until(LinkState.LIVE)
        caplog.clear()

        server.peers[0].send("update-call", data, CHANNEL)
        server.peers[0].send("update-call", CALL.to_json(), CHANNEL)
        subject.wait_for(CALL)

        assert subject.heard == [GAP, CALL]
        assert len(caplog.messages) == 1
        assert len(caplog.messages[0]) < 80


FOREIGN_TEXTS = {
    "not JSON": "garbage",
    "a list": "[1, 2]",
    "a text": '"hello"',
    "deeply nested": "[" * 100_000,
    "an event that is no text": '{"event": ["update-call"]}',
    "a channel that is no text": '{"event": "update-call", "data": {}, "channel": ["private-aircall"]}',
    "an unknown event": json.dumps({"event": "delete-call", "data": CALL.to_json(), "channel": CHANNEL}),
    "another channel": json.dumps({"event": "update-call", "data": CALL.to_json(), "channel": "private-x"}),
    "an absurd number": json.dumps({"event": "update-call", "data": "9" * 5000, "channel": CHANNEL}),
}


@pytest.mark.parametrize("text", FOREIGN_TEXTS.values(), ids=FOREIGN_TEXTS.keys())
def test_a_message_that_is_not_for_us_is_dropped_with_one_line_and_the_link_stays(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    with RudePusher(polite) as server, listening(settings_for(server.port)) as subject:
        subject.wait_until(LinkState.LIVE)
        caplog.clear()

        server.peers[0].send_text(text)
        server.peers[0].send("update-call", CALL.to_json(), CHANNEL)
        subject.wait_for(CALL)

        assert subject.heard == [GAP, CALL]
        assert len(caplog.messages) == 1
        assert len(caplog.messages[0]) < 80


def test_after_a_foreign_message_the_link_is_still_kept_by_pings() -> None:
    with RudePusher(polite) as server:
        with listening(settings_for(server.port, pusher_ping_interval=0.1)) as subject:
            subject.wait_until(LinkState.LIVE)
            server.peers[0].send_text("garbage")
            pings = len(server.peers[0].received)
            wait_until(lambda: len(server.peers[0].received) >= pings + 4)
        assert len(server.peers) == 1


@pytest.mark.parametrize("form", [json.dumps, dict], ids=["text", "object"])
def test_the_greeting_and_errors_are_understood_as_text_and_as_object(
    form: Callable[[Any], object], caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(peer: Peer) -> None:
        peer.greet(form({"socket_id": "1.1"}))
        peer.subscription()
        peer.send("pusher:error", form({"code": 4009, "message": "no"}))
        peer.wait_until_gone()

    with RudePusher(refuse, polite) as server, listening(settings_for(server.port)) as subject:
        subject.wait_until(LinkState.LIVE)

    assert "the server reported error 4009" in subject.reasons
    assert "pysher" not in {record.name.partition(".")[0] for record in caplog.records}


@pytest.mark.parametrize("data", [{"code": None, "message": "no"}, '{"code": null}', {}, "no", None])
def test_an_error_without_a_code_refuses_a_subscription_that_is_under_way(data: object) -> None:
    def refuse(peer: Peer) -> None:
        peer.greet()
        peer.subscription()
        peer.send("pusher:error", data)
        peer.wait_until_gone()

    with RudePusher(refuse, polite) as server, listening(settings_for(server.port)) as subject:
        subject.wait_until(LinkState.LIVE)

    assert "the server reported an error" in subject.reasons


@pytest.mark.parametrize("code", [None, 4301, "4001"])
def test_an_error_that_ends_nothing_leaves_a_live_link_alone(code: object) -> None:
    with RudePusher(polite) as server, listening(settings_for(server.port)) as subject:
        subject.wait_until(LinkState.LIVE)

        server.peers[0].send("pusher:error", {"code": code, "message": "no"})
        server.peers[0].send("update-call", CALL.to_json(), CHANNEL)
        subject.wait_for(CALL)

        assert subject.heard == [GAP, CALL]
    assert len(server.peers) == 1


def test_neither_payloads_nor_signatures_reach_any_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    with RudePusher(polite) as server, listening(settings_for(server.port)) as subject:
        subject.wait_until(LinkState.LIVE)
        server.peers[0].send("update-call", CALL.to_json(), CHANNEL)
        server.peers[0].send("update-note", {"content": NOTE}, CHANNEL)
        server.peers[0].send_text(NOTE)
        server.peers[0].close(4200)
        subject.wait_for_gap(2)

    assert "subscribed" in caplog.text
    assert NOTE not in caplog.text
    assert "signature" not in caplog.text
    assert CALL.caller not in caplog.text
