"""The channel, as seen by a bare WebSocket and by Pusher's JavaScript and Python libraries."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pusher import Pusher

from sandbox.options import Options
from tests.support.node import installed_pusher_js
from tests.support.processes import Started, running
from tests.support.pusher_socket import APP_KEY, CHANNEL, PusherSocket, connected
from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


@contextmanager
def pusher_js_client(sandbox: Sandbox, token: str, ready: str) -> Iterator[Started]:
    command = ["node", "subscribe.mjs", sandbox.host, str(sandbox.port), APP_KEY]
    environment = {**os.environ, "ACCESS_TOKEN": token}
    with running(command, ready, environment=environment, directory=installed_pusher_js()) as started:
        yield started


def calls_in(output: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in output.splitlines()]
    return [line["data"] for line in lines if line["what"] == "update-call"]


def signature(client: RestClient, socket_id: str, channel: str = CHANNEL) -> dict[str, str]:
    fields = {"socket_id": socket_id, "channel_name": channel}
    return dict(client.post("/pusher/auth", fields).json())


def answers_a_ping(socket: PusherSocket) -> bool:
    """Return whether a pong is the next message: nothing else was sent before."""
    socket.send("pusher:ping", {})
    return bool(socket.next()["event"] == "pusher:pong")


@pytest.mark.parametrize("version", [5, 6, 7])
def test_a_connection_is_greeted_with_its_id_in_protocols_5_to_7(sandbox: Sandbox, version: int) -> None:
    with connected(sandbox, query=f"protocol={version}") as socket:
        greeting = socket.next()

    data = json.loads(greeting["data"])
    assert greeting["event"] == "pusher:connection_established"
    assert data["activity_timeout"] == 120
    assert all(part.isdigit() for part in data["socket_id"].split("."))


@pytest.mark.parametrize(
    ("app_key", "query", "code"),
    [
        ("no-such-app", "protocol=7", 4001),
        (APP_KEY, "protocol=4", 4007),
        (APP_KEY, "protocol=8", 4007),
        (APP_KEY, "protocol=seven", 4006),
        (APP_KEY, "client=test", 4008),
    ],
)
def test_an_unsupported_connection_gets_an_error_and_is_closed(
    sandbox: Sandbox, app_key: str, query: str, code: int
) -> None:
    with connected(sandbox, app_key, query) as socket:
        error = socket.next()

        assert error["event"] == "pusher:error"
        assert error["data"]["code"] == code
        assert socket.close_code() == code


def test_every_subscriber_receives_each_change_including_the_sender(
    sandbox: Sandbox, rest: RestClient, call_id: str
) -> None:
    with signed_in(sandbox.url, "bob") as bob, connected(sandbox) as one, connected(sandbox) as other:
        one.subscribe(rest)
        other.subscribe(bob)

        archived = rest.put(f"/calls/{call_id}/archive").json()
        noted = bob.post(f"/calls/{call_id}/note", {"content": "Hello"}).json()
        by_colleague = sandbox.archive(call_id)

        expected = [archived, noted, by_colleague]
        assert [one.next_call() for _ in range(3)] == expected
        assert [other.next_call() for _ in range(3)] == expected


def test_no_event_comes_for_a_new_or_removed_call_or_without_a_subscription(
    sandbox: Sandbox, rest: RestClient, call_id: str
) -> None:
    with connected(sandbox) as subscriber, connected(sandbox) as never, connected(sandbox) as former:
        subscriber.subscribe(rest)
        never.socket_id()
        former.subscribe(rest)
        former.send("pusher:unsubscribe", {"channel": CHANNEL})
        wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="a subscription ended")

        sandbox.remove_call(sandbox.add_call()["id"])
        assert answers_a_ping(subscriber)
        sandbox.archive(call_id)
        assert answers_a_ping(never)
        assert answers_a_ping(former)


@pytest.mark.parametrize("channel", [CHANNEL, "presence-aircall", "private-\ud800"])
def test_a_wrong_signature_or_that_of_another_connection_is_refused(
    sandbox: Sandbox, rest: RestClient, channel: str
) -> None:
    with connected(sandbox) as socket, connected(sandbox) as other:
        of_the_other = signature(rest, other.socket_id())["auth"]
        socket.socket_id()

        for auth in (None, "", "é", "\ud800", f"{APP_KEY}:0000", 7, of_the_other):
            socket.send("pusher:subscribe", {"channel": channel, "auth": auth})

            refusal = socket.next()
            assert (refusal["event"], refusal["channel"]) == ("pusher:subscription_error", channel)
            assert (refusal["data"]["type"], refusal["data"]["status"]) == ("AuthError", 401)
    assert sandbox.counters().subscriptions_total == 0


@pytest.mark.parametrize(("socket_id", "channel"), [("1.1", CHANNEL), ("999999.123456", "private-other")])
def test_a_signature_equals_that_of_pushers_python_library(
    rest: RestClient, socket_id: str, channel: str
) -> None:
    pusher = Pusher(app_id="1", key=APP_KEY, secret=Options().pusher_secret, cluster="eu")

    assert signature(rest, socket_id, channel) == pusher.authenticate(channel=channel, socket_id=socket_id)


def test_invalid_messages_and_client_events_get_an_error_and_the_connection_goes_on(sandbox: Sandbox) -> None:
    with connected(sandbox) as socket:
        socket.socket_id()

        for text in ("", "not JSON", "[]", "{}", '{"event": 7}', "[" * 50_000, '{"event": "client-typing"}'):
            socket.send_raw(text)

            error = socket.next()
            assert error["event"] == "pusher:error"
            assert error["data"]["code"] == (4301 if "client-" in text else None)
        assert answers_a_ping(socket)


def test_an_idle_connection_is_pinged_and_closed_without_a_pong() -> None:
    with (
        Sandbox.start("--activity-timeout", "0.1", "--pong-timeout", "1") as sandbox,
        connected(sandbox) as alive,
        connected(sandbox) as dead,
    ):
        assert alive.socket_id()
        assert dead.socket_id()

        for _ in range(3):
            assert alive.next()["event"] == "pusher:ping"
            alive.send("pusher:pong", {})

        assert dead.close_code() == 4201


def test_pusher_js_receives_every_change_also_after_a_closed_connection(
    sandbox: Sandbox, rest: RestClient, call_id: str
) -> None:
    with pusher_js_client(sandbox, rest.access_token, '"subscribed"') as started:
        expected = [
            rest.put(f"/calls/{call_id}/archive").json(),
            rest.post(f"/calls/{call_id}/note", {"content": "Bonjour 🎉"}).json(),
            sandbox.archive(call_id),
        ]
        wait_until(lambda: calls_in(started.output()) == expected, what="three changes arrived")

        sandbox.drop_sockets(4200)
        wait_until(lambda: sandbox.counters().subscriptions_total == 2, what="it subscribed again")
        expected.append(sandbox.archive(call_id))
        wait_until(lambda: calls_in(started.output()) == expected, what="the fourth change arrived")


@pytest.mark.parametrize(
    "fault", [Sandbox.expire_access_tokens, Sandbox.refuse_channel_auth], ids=lambda fault: fault.__name__
)
def test_pusher_js_reports_a_refused_subscription(
    sandbox: Sandbox, rest: RestClient, fault: Callable[[Sandbox], None]
) -> None:
    fault(sandbox)

    with pusher_js_client(sandbox, rest.access_token, '"refused"'):
        assert sandbox.counters().subscriptions_total == 0
