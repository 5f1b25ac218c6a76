"""Login records: when tokens expire by our own clock, and how a login is stored."""

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.auth.login import LOGIN_LIFETIME, Login, token_lifetime
from aircall.models import Tokens, User
from aircall.storage.records import Record
from tests.support.api_json import JSON_VALUES

ALICE = User(id="alice", username="alice")
NOW = 1_000_000.0
KEY = "a signing key that only the API knows"


def token(lifetime: float, *, issued_at: float = 50.0) -> str:
    """Return a token as the API issues it, by its own clock."""
    return jwt.encode({"sub": "alice", "iat": issued_at, "exp": issued_at + lifetime}, KEY, "HS256")


def raw_token(payload: bytes) -> str:
    parts = (b'{"alg": "HS256", "typ": "JWT"}', payload, b"signature")
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def login(access: str, refresh: str | None) -> Login:
    return Login.received("login-1", ALICE, Tokens(access=access, refresh=refresh), generation=1, now=NOW)


@pytest.mark.parametrize("issued_at", [50.0, NOW - 120, NOW, NOW + 120])
def test_tokens_live_from_now_whatever_the_apis_clock(issued_at: float) -> None:
    received = login(token(600, issued_at=issued_at), token(3600, issued_at=issued_at))

    assert (received.access_expires_at, received.expires_at) == (NOW + 600, NOW + 3600)


def test_opaque_tokens_have_the_lifetimes_of_the_api() -> None:
    received = login("opaque", "opaque too")

    assert (received.access_expires_at, received.expires_at) == (NOW + 600, NOW + 3600)
    assert login("opaque", None).expires_at == NOW + 600


@pytest.mark.parametrize(("lifetime", "margin"), [(600, 120), (3600, 120), (100, 20), (4, 0.8), (0.5, 0.1)])
def test_a_token_is_due_two_minutes_before_it_expires_or_in_the_last_fifth_of_a_short_life(
    lifetime: float, margin: float
) -> None:
    received = login(token(lifetime), token(3600))

    assert not received.needs_refresh(NOW + lifetime - margin - 0.01)
    assert received.needs_refresh(NOW + lifetime - margin + 0.01)
    assert not received.is_expired(NOW + lifetime - 0.01)
    assert received.is_expired(NOW + lifetime)


def test_a_stored_login_is_found_again_with_the_generation_of_the_record() -> None:
    stored = login(token(600), None)

    found = Login.from_record(Record(stored.to_bytes(), 7))

    assert found == replace(stored, generation=7)


@pytest.mark.parametrize("value", [b"", b"{}", b"\x80", b"\xff" * 9])
def test_a_record_of_another_version_is_none(value: bytes) -> None:
    assert Login.from_record(Record(value, 1)) is None


@pytest.mark.parametrize(
    ("refresh", "new_refresh", "expires_at"),
    [
        (token(3600), token(1800), NOW + 2300),
        # One that was not replaced does not live longer.
        (token(3600), token(3600), NOW + 3600),
        # Without one, a login lives on with each access token.
        (None, None, NOW + 800),
    ],
    ids=["replaced", "kept", "none"],
)
def test_a_renewed_login_is_the_same_persons_with_the_lifetimes_of_the_new_tokens(
    refresh: str | None, new_refresh: str | None, expires_at: float
) -> None:
    first = login(token(600), refresh)
    tokens = Tokens(access=token(300), refresh=new_refresh)

    after = first.renewed(tokens, NOW + 500)

    assert (after.id, after.user, after.tokens, after.generation) == (first.id, ALICE, tokens, 2)
    assert (after.access_expires_at, after.expires_at) == (NOW + 800, expires_at)


def test_a_login_ends_after_a_week_however_often_it_is_renewed() -> None:
    after = login(token(600), token(3600))
    for hours in range(1, 7 * 24):
        after = after.renewed(Tokens(access=token(600), refresh=token(3600)), NOW + hours * 3600)

    last = after.renewed(Tokens(access=token(600), refresh=token(90_000)), NOW + LOGIN_LIFETIME - 60)

    assert last.expires_at == NOW + LOGIN_LIFETIME
    assert login(token(600), token(2 * LOGIN_LIFETIME)).expires_at == NOW + LOGIN_LIFETIME


def test_no_token_is_in_the_repr() -> None:
    assert "secret" not in repr(login("secret access", "secret refresh"))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b'{"exp": 700}',
        b'{"exp": 100, "iat": 100}',
        b'{"exp": 1' + b"0" * 5000 + b', "iat": 100}',
        b'{"exp": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b"\xff",
    ],
)
def test_a_token_without_a_usable_lifetime_has_the_default_one(payload: bytes) -> None:
    assert token_lifetime(raw_token(payload), 601) == 601


@given(exp=JSON_VALUES, iat=JSON_VALUES)
def test_any_claims_give_a_usable_lifetime(exp: Any, iat: Any) -> None:
    payload = json.dumps({"exp": exp, "iat": iat}).encode()

    assert 0 < token_lifetime(raw_token(payload), 600) < float("inf")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_any_text_gives_the_default_lifetime(text: str) -> None:
    assert token_lifetime(text, 600) == 600
