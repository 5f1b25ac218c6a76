"""Signing in, and what tokens are good for."""

import pytest

from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

UNAUTHORIZED = {"statusCode": 401, "message": "Unauthorized"}
ALICE = {"id": "alice", "username": "alice"}
PROTECTED = [
    ("GET", "/me"),
    ("GET", "/calls"),
    ("GET", "/calls/x"),
    ("POST", "/calls/x/note"),
    ("PUT", "/calls/x/archive"),
    ("POST", "/pusher/auth"),
    ("POST", "/auth/refresh-token"),
    ("POST", "/auth/refresh-token-v2"),
]


def ask(client: RestClient, method: str, path: str, token: str) -> tuple[int, object]:
    sends = {"GET": client.get, "POST": client.post, "PUT": client.put}
    answer = sends[method](path, token=token)
    return answer.status_code, answer.json()


def test_any_name_and_password_sign_in(rest: RestClient) -> None:
    answer = rest.login("alice", "anything")

    assert answer.status_code == 201
    assert answer.json().keys() == {"access_token", "refresh_token", "user"}
    assert answer.json()["user"] == ALICE


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        ({"username": "", "password": "x"}, ["username should not be empty"]),
        ({"username": "alice", "password": ""}, ["password should not be empty"]),
        ({"username": "alice"}, ["password must be a string", "password should not be empty"]),
        ({"username": 7, "password": "x"}, ["username must be a string"]),
    ],
)
def test_a_login_without_a_name_or_password_is_told_what_is_wrong(
    rest: RestClient, fields: dict[str, object], messages: list[str]
) -> None:
    answer = rest.post("/auth/login", fields)

    assert answer.status_code == 400
    assert answer.json() == {"statusCode": 400, "message": messages, "error": "Bad Request"}


@pytest.mark.parametrize(("method", "path"), PROTECTED)
@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_nothing_is_done_without_a_good_token(rest: RestClient, method: str, path: str, token: str) -> None:
    assert ask(rest, method, path, token) == (401, UNAUTHORIZED)


def test_a_refresh_gives_a_new_pair_each_time(rest: RestClient) -> None:
    pairs = [(rest.access_token, rest.refresh_token)]

    for _ in range(2):
        answer = rest.refresh()
        assert answer.status_code == 201
        assert answer.json()["user"] == ALICE
        pairs.append((rest.access_token, rest.refresh_token))

    assert len({token for pair in pairs for token in pair}) == 6
    assert rest.get("/me").json() == ALICE


def test_the_deprecated_refresh_gives_an_access_token_alone(rest: RestClient) -> None:
    answer = rest.post("/auth/refresh-token")

    assert answer.status_code == 201
    assert answer.json().keys() == {"access_token", "user"}
    assert rest.get("/me", token=answer.json()["access_token"]).json() == ALICE


def test_an_old_refresh_token_stays_good(rest: RestClient) -> None:
    old = rest.refresh_token
    rest.refresh()

    assert rest.refresh(old).status_code == 201


def test_with_strict_rotation_an_old_refresh_token_ends_the_login(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.strict_rotation()
    old = rest.refresh_token
    rest.refresh()

    assert rest.refresh(old).status_code == 401

    assert rest.refresh().status_code == 401


def test_expired_access_tokens_are_refused_and_a_refresh_helps(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.expire_access_tokens()

    assert rest.get("/me").json() == UNAUTHORIZED
    assert rest.post("/auth/refresh-token").json() == UNAUTHORIZED

    rest.refresh()

    assert rest.get("/me").json() == ALICE


def test_revoked_refresh_tokens_are_refused_while_access_tokens_live_on(
    sandbox: Sandbox, rest: RestClient
) -> None:
    sandbox.revoke()

    assert rest.refresh().json() == UNAUTHORIZED
    assert rest.get("/me").json() == ALICE


def test_refused_refreshes_leave_the_tokens_as_they_were(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.refuse_refresh()

    assert rest.refresh().json() == UNAUTHORIZED
    assert rest.post("/auth/refresh-token").json() == UNAUTHORIZED

    sandbox.clear_faults()

    assert rest.refresh().status_code == 201


def test_logins_are_rejected_with_the_wanted_status(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.reject_logins(429)

    answer = rest.login()

    assert answer.status_code == 429
    assert answer.json() == {"statusCode": 429, "message": "Too Many Requests"}


def test_a_login_may_come_without_a_refresh_token(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.login_without_refresh_token()

    assert rest.login().json().keys() == {"access_token", "user"}


def test_a_clock_that_is_off_makes_tokens_that_expire_by_its_own_time(
    sandbox: Sandbox, rest: RestClient
) -> None:
    sandbox.shift_clock(100_000)

    assert rest.get("/me").status_code == 401

    rest.login()

    assert rest.get("/me").status_code == 200


def test_access_tokens_live_as_long_as_the_option_says() -> None:
    with Sandbox.start("--access-ttl", "0.2") as sandbox, signed_in(sandbox.url) as rest:
        wait_until(lambda: rest.get("/me").status_code == 401, what="the access token expired")

        assert rest.refresh().status_code == 201


def test_refresh_tokens_live_as_long_as_the_option_says() -> None:
    with Sandbox.start("--refresh-ttl", "0.2") as sandbox, signed_in(sandbox.url) as rest:
        first = rest.refresh_token

        wait_until(lambda: rest.refresh(first).status_code == 401, what="the refresh token expired")

        assert rest.get("/me").status_code == 200
