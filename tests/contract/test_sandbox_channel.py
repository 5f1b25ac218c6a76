"""The channel: the Pusher protocol as its clients know it."""

import json

import pytest
from pusher import Pusher

from sandbox.options import Options
from tests.support.pusher_socket import APP_KEY, CHANNEL, connected
from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def test_a_connection_is_greeted_with_its_id(sandbox: Sandbox) -> None:
    with connected(sandbox) as socket:
        greeting = socket.next()

    data = json.loads(greeting["data"])
    assert greeting["event"] == "pusher:connection_established"
    assert data["activity_timeout"] == 120
    assert all(part.isdigit() for part in data["socket_id"].split("."))


@pytest.mark.parametrize("version", [5, 6, 7])
def test_protocols_5_to_7_are_spoken(sandbox: Sandbox, version: int) -> None:
    with connected(sandbox, query=f"protocol={version}") as socket:
        assert socket.socket_id()


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
def test_a_connection_it_cannot_serve_is_told_why_and_closed(
    sandbox: Sandbox, app_key: str, query: str, code: int
) -> None:
    with connected(sandbox, app_key, query) as socket:
        error = socket.next()

        assert error["event"] == "pusher:error"
        assert error["data"]["code"] == code
        assert socket.close_code() == code


def test_a_ping_is_answered(sandbox: Sandbox) -> None:
    with connected(sandbox) as socket:
        socket.socket_id()

        socket.send("pusher:ping", {})

        assert socket.next()["event"] == "pusher:pong"


def test_every_subscriber_gets_each_change_the_sender_too(sandbox: Sandbox, rest: RestClient) -> None:
    call = sandbox.calls()[0]
    with signed_in(sandbox.url, "bob") as bob, connected(sandbox) as one, connected(sandbox) as other:
        one.subscribe(rest)
        other.subscribe(bob)

        archived = rest.put(f"/calls/{call['id']}/archive").json()
        noted = bob.post(f"/calls/{call['id']}/note", {"content": "Hello"}).json()
        by_colleague = sandbox.archive(call["id"])

        expected = [archived, noted, by_colleague]
        assert [one.next_call() for _ in range(3)] == expected
        assert [other.next_call() for _ in range(3)] == expected


def test_a_new_call_is_announced_by_nothing(sandbox: Sandbox, rest: RestClient) -> None:
    with connected(sandbox) as socket:
        socket.subscribe(rest)

        sandbox.add_call()
        sandbox.remove_call(sandbox.calls()[1]["id"])
        socket.send("pusher:ping", {})

        assert socket.next()["event"] == "pusher:pong"


def test_nothing_comes_before_subscribing_or_after_unsubscribing(sandbox: Sandbox, rest: RestClient) -> None:
    call_id = sandbox.calls()[0]["id"]
    with connected(sandbox) as stranger, connected(sandbox) as former:
        stranger.socket_id()
        former.subscribe(rest)
        former.send("pusher:unsubscribe", {"channel": CHANNEL})
        wait_until(lambda: sandbox.counters().subscriptions_now == 0, what="the subscription ended")

        sandbox.archive(call_id)

        for socket in (stranger, former):
            socket.send("pusher:ping", {})
            assert socket.next()["event"] == "pusher:pong"


@pytest.mark.parametrize("channel", [CHANNEL, "presence-aircall"])
@pytest.mark.parametrize("auth", [None, "", "é", f"{APP_KEY}:0000", 7])
def test_a_wrong_signature_is_refused(sandbox: Sandbox, channel: str, auth: object) -> None:
    with connected(sandbox) as socket:
        socket.socket_id()

        socket.send("pusher:subscribe", {"channel": channel, "auth": auth})

        refusal = socket.next()
        assert (refusal["event"], refusal["channel"]) == ("pusher:subscription_error", channel)
        assert (refusal["data"]["type"], refusal["data"]["status"]) == ("AuthError", 401)
    assert sandbox.counters().subscriptions_total == 0


def test_a_signature_is_good_for_one_connection_only(sandbox: Sandbox, rest: RestClient) -> None:
    with connected(sandbox) as one, connected(sandbox) as other:
        fields = {"socket_id": one.socket_id(), "channel_name": CHANNEL}
        auth = rest.post_form("/pusher/auth", fields).json()["auth"]
        other.socket_id()

        other.send("pusher:subscribe", {"channel": CHANNEL, "auth": auth})

        assert other.next()["event"] == "pusher:subscription_error"


def test_a_signature_is_the_one_pushers_own_library_makes(rest: RestClient) -> None:
    pusher = Pusher(app_id="1", key=APP_KEY, secret=Options().pusher_secret, cluster="eu")

    answer = rest.post_form("/pusher/auth", {"socket_id": "12.34", "channel_name": CHANNEL})

    assert answer.status_code == 200
    assert answer.json() == pusher.authenticate(channel=CHANNEL, socket_id="12.34")


@pytest.mark.parametrize("fields", [{}, {"socket_id": "1.1"}, {"socket_id": "", "channel_name": CHANNEL}])
def test_a_signature_needs_both_fields(rest: RestClient, fields: dict[str, str]) -> None:
    answer = rest.post_form("/pusher/auth", fields)

    assert answer.status_code == 400
    assert isinstance(answer.json()["message"], list)


@pytest.mark.parametrize("text", ["", "not JSON", "[]", "{}", '{"event": 7}', "[" * 50_000])
def test_what_is_not_of_the_protocol_is_answered_with_an_error(sandbox: Sandbox, text: str) -> None:
    with connected(sandbox) as socket:
        socket.socket_id()

        socket.send_raw(text)

        assert socket.next()["event"] == "pusher:error"
        socket.send("pusher:ping", {})
        assert socket.next()["event"] == "pusher:pong"


def test_events_of_clients_are_off(sandbox: Sandbox) -> None:
    with connected(sandbox) as socket:
        socket.socket_id()

        socket.send("client-typing", {})

        assert socket.next()["data"]["code"] == 4301


def test_an_idle_connection_is_pinged_and_closed_where_no_pong_comes() -> None:
    impatient = ("--activity-timeout", "0.1", "--pong-timeout", "1")
    with (
        Sandbox.start(*impatient) as sandbox,
        connected(sandbox) as alive,
        connected(sandbox) as dead,
    ):
        assert alive.socket_id()
        assert dead.socket_id()

        for _ in range(3):
            assert alive.next()["event"] == "pusher:ping"
            alive.send("pusher:pong", {})

        assert dead.close_code() == 4201


def test_a_subscriber_that_does_not_read_delays_nobody_and_is_cut_off(
    sandbox: Sandbox, rest: RestClient
) -> None:
    call_id = sandbox.calls()[0]["id"]
    with connected(sandbox) as reader, connected(sandbox) as sleeper:
        reader.subscribe(rest)
        sleeper.subscribe(rest)
        # The large ones fill what the system buffers, the small ones what the sandbox does.
        noise = ["x" * 90_000] * 70 + ["x"] * 1_100

        for event in noise:
            sandbox.send_event("noise", event)
            assert reader.next()["data"] == event

        wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the sleeper was cut off")
        changed = rest.put(f"/calls/{call_id}/archive").json()
        assert reader.next_call() == changed
