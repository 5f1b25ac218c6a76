"""Login, token refresh and token validity."""

from pathlib import Path

import jwt
import pytest

from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

UNAUTHORIZED = {"statusCode": 401, "message": "Unauthorized"}
ALICE = {"id": "alice", "username": "alice"}


def test_any_username_and_password_are_accepted(rest: RestClient) -> None:
    response = rest.login("alice", "anything")

    assert response.status_code == 201
    assert response.json().keys() == {"access_token", "refresh_token", "user"}
    assert response.json()["user"] == ALICE


@pytest.mark.parametrize(
    ("path", "fields", "messages"),
    [
        ("/auth/login", {"username": "", "password": "x"}, ["username should not be empty"]),
        ("/auth/login", {"username": "a", "password": 7}, ["password must be a string"]),
        ("/calls/x/note", {}, ["content must be a string", "content should not be empty"]),
        ("/calls/x/note", {"content": ""}, ["content should not be empty"]),
        ("/pusher/auth", {"socket_id": "", "channel_name": "x"}, ["socket_id should not be empty"]),
    ],
)
def test_an_incomplete_request_gets_a_list_of_its_invalid_fields(
    rest: RestClient, path: str, fields: dict[str, object], messages: list[str]
) -> None:
    response = rest.post(path, fields)

    assert response.status_code == 400
    assert response.json() == {"statusCode": 400, "message": messages, "error": "Bad Request"}


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_every_protected_endpoint_requires_a_valid_token(rest: RestClient, token: str) -> None:
    posts = ["/calls/x/note", "/pusher/auth", "/auth/refresh-token", "/auth/refresh-token-v2"]
    responses = [rest.get(path, token=token) for path in ("/me", "/calls", "/calls/x")]
    responses += [rest.post(path, token=token) for path in posts]
    responses += [rest.put("/calls/x/archive", token=token)]

    assert [(each.status_code, each.json()) for each in responses] == [(401, UNAUTHORIZED)] * 8


def test_access_and_refresh_tokens_are_not_interchangeable(rest: RestClient) -> None:
    assert rest.get("/me", token=rest.refresh_token).json() == UNAUTHORIZED
    assert rest.refresh(rest.access_token).json() == UNAUTHORIZED


def test_each_refresh_returns_a_new_pair_and_keeps_the_old_one_valid(rest: RestClient) -> None:
    pairs = [(rest.access_token, rest.refresh_token)]

    for _ in range(2):
        response = rest.refresh()
        assert (response.status_code, response.json()["user"]) == (201, ALICE)
        pairs.append((rest.access_token, rest.refresh_token))

    assert len({token for pair in pairs for token in pair}) == 6
    assert [rest.get("/me", token=access).json() for access, _ in pairs] == [ALICE] * 3
    assert rest.refresh(pairs[0][1]).status_code == 201


def test_the_deprecated_refresh_returns_an_access_token_alone(rest: RestClient) -> None:
    response = rest.post("/auth/refresh-token")

    assert response.status_code == 201
    assert response.json().keys() == {"access_token", "user"}
    assert rest.get("/me", token=response.json()["access_token"]).json() == ALICE


def test_with_strict_rotation_reuse_of_a_refresh_token_ends_its_login_alone(
    sandbox: Sandbox, rest: RestClient
) -> None:
    sandbox.strict_rotation()
    old = rest.refresh_token
    with signed_in(sandbox.url) as other_login:
        rest.refresh()
        newest = rest.refresh_token

        assert [rest.refresh(token).status_code for token in (old, newest)] == [401, 401]
        assert other_login.refresh().status_code == 201


def test_expired_access_tokens_leave_refresh_tokens_valid_and_the_other_way_round(
    sandbox: Sandbox, rest: RestClient
) -> None:
    sandbox.expire_access_tokens()
    assert rest.get("/me").json() == UNAUTHORIZED
    assert rest.post("/auth/refresh-token").json() == UNAUTHORIZED

    rest.refresh()
    sandbox.revoke()
    assert rest.refresh().json() == UNAUTHORIZED
    assert rest.get("/me").json() == ALICE


def test_a_refused_refresh_does_not_invalidate_tokens(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.refuse_refresh()
    assert rest.refresh().json() == UNAUTHORIZED
    assert rest.post("/auth/refresh-token").json() == UNAUTHORIZED

    sandbox.clear_faults()
    assert rest.refresh().status_code == 201


def test_a_login_can_be_rejected_or_omit_the_refresh_token(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.login_without_refresh_token()
    assert rest.login().json().keys() == {"access_token", "user"}

    sandbox.reject_logins(429)
    rejected = rest.login()
    assert rejected.status_code == 429
    assert rejected.json() == {"statusCode": 429, "message": "Too Many Requests"}


def test_tokens_are_issued_and_checked_by_the_shifted_clock(sandbox: Sandbox, rest: RestClient) -> None:
    sandbox.shift_clock(590)
    assert rest.get("/me").status_code == 200

    sandbox.shift_clock(601)
    assert rest.get("/me").status_code == 401

    rest.login()
    assert rest.get("/me").status_code == 200


def test_tokens_expire_after_the_lifetimes_of_the_options() -> None:
    lifetimes = ("--access-ttl", "0.2", "--refresh-ttl", "0.2")
    with Sandbox.start(*lifetimes) as sandbox, signed_in(sandbox.url) as rest:
        access, refresh = rest.access_token, rest.refresh_token

        wait_until(lambda: rest.get("/me", token=access).status_code == 401, what="the access token expired")
        wait_until(lambda: rest.refresh(refresh).status_code == 401, what="the refresh token expired")


def test_an_access_token_contains_its_user_and_its_lifetime(rest: RestClient) -> None:
    claims = jwt.decode(rest.access_token, options={"verify_signature": False})

    assert claims["sub"] == claims["username"] == "alice"
    assert (type(claims["iat"]), claims["exp"]) == (int, claims["iat"] + 600)


def test_tokens_outlive_a_restart_where_they_are_kept_and_none_a_reset(tmp_path: Path) -> None:
    kept = ("--keep-tokens", str(tmp_path / "tokens"))
    with Sandbox.start(*kept) as sandbox, signed_in(sandbox.url) as person:
        access, refresh = person.access_token, person.refresh_token
    with Sandbox.start(*kept) as sandbox, signed_in(sandbox.url) as person:
        assert person.get("/me", token=access).status_code == 200
        assert person.refresh(refresh).status_code == 201
        sandbox.reset()
        assert person.get("/me", token=access).status_code == 401
    with Sandbox.start(*kept) as sandbox, signed_in(sandbox.url) as person:
        assert person.get("/me", token=access).status_code == 401
    with Sandbox.start() as sandbox, signed_in(sandbox.url) as person:
        assert person.get("/me", token=access).status_code == 401
