"""A login's record: when its tokens end by our own clock, and that it is kept and found as it was."""

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

ALICE = User(id="alice", username="alice")
NOW = 1_000_000.0
KEY = "a key of the API's, which we do not know"


def token(lifetime: float, *, issued_at: float = 50.0) -> str:
    """A token as the API makes them, by its own clock."""
    return jwt.encode({"sub": "alice", "iat": issued_at, "exp": issued_at + lifetime}, KEY, "HS256")


def raw_token(payload: bytes) -> str:
    """A token whose payload is anything."""
    parts = (b'{"alg": "HS256", "typ": "JWT"}', payload, b"signature")
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def login(access: str, refresh: str | None) -> Login:
    return Login.received("login-1", ALICE, Tokens(access=access, refresh=refresh), generation=1, now=NOW)


def test_a_login_ends_with_its_refresh_token_and_its_access_token_before() -> None:
    received = login(token(600), token(3600))

    assert received.access_expires_at == NOW + 600
    assert received.expires_at == NOW + 3600


@pytest.mark.parametrize("shift", [-120, 0, 120])
def test_the_apis_clock_does_not_matter(shift: float) -> None:
    received = login(token(600, issued_at=NOW + shift), token(3600, issued_at=NOW + shift))

    assert received.access_expires_at == NOW + 600
    assert received.expires_at == NOW + 3600


def test_a_login_without_a_refresh_token_ends_with_its_access_token() -> None:
    received = login(token(600), None)

    assert received.expires_at == received.access_expires_at == NOW + 600


def test_tokens_that_do_not_tell_live_as_long_as_the_apis_do() -> None:
    received = login("opaque", "opaque too")

    assert received.access_expires_at == NOW + 600
    assert received.expires_at == NOW + 3600


@pytest.mark.parametrize(("lifetime", "margin"), [(600, 120), (3600, 120), (100, 20), (4, 0.8), (0.5, 0.1)])
def test_a_token_is_due_two_minutes_before_its_end_or_in_the_last_fifth_of_a_short_life(
    lifetime: float, margin: float
) -> None:
    received = login(token(lifetime), token(3600))

    assert not received.needs_refresh(NOW + lifetime - margin - 0.01)
    assert received.needs_refresh(NOW + lifetime - margin + 0.01)


def test_a_token_is_expired_from_its_end_on() -> None:
    received = login(token(600), token(3600))

    assert not received.is_expired(NOW + 599.9)
    assert received.is_expired(NOW + 600)


def test_a_login_is_found_as_it_was_kept_with_the_generation_of_the_record() -> None:
    kept = login(token(600), None)

    found = Login.from_record(Record(kept.to_bytes(), 7))

    assert found == replace(kept, generation=7)


@pytest.mark.parametrize("value", [b"", b"{}", b"\x80", b"\xff" * 9])
def test_a_login_that_another_version_kept_is_none(value: bytes) -> None:
    assert Login.from_record(Record(value, 1)) is None


def test_a_renewed_login_is_the_same_persons_with_the_new_tokens_lives() -> None:
    first = login(token(600), token(3600))
    tokens = Tokens(access=token(300), refresh=token(1800))

    after = first.renewed(tokens, NOW + 500)

    assert (after.id, after.user, after.tokens, after.generation) == (first.id, ALICE, tokens, 2)
    assert (after.access_expires_at, after.expires_at) == (NOW + 800, NOW + 2300)


def test_a_refresh_token_that_was_not_replaced_does_not_live_longer_for_it() -> None:
    first = login(token(600), token(3600))

    after = first.renewed(Tokens(access=token(600), refresh=first.tokens.refresh), NOW + 500)

    assert (after.access_expires_at, after.expires_at) == (NOW + 1100, NOW + 3600)


def test_a_week_after_it_began_a_login_is_over_however_often_it_is_renewed() -> None:
    week = 7 * 24 * 3600
    first = login(token(600), token(2 * week))
    tokens = Tokens(access=token(600), refresh=token(3600))

    before, after = first.renewed(tokens, NOW + 500), first.renewed(tokens, NOW + week - 100)

    assert first.expires_at == NOW + week
    assert before.expires_at == NOW + 4100
    assert after.expires_at == after.renewed(tokens, NOW + week - 50).expires_at == NOW + week


def test_a_login_without_a_refresh_token_lives_on_with_each_new_access_token() -> None:
    after = login(token(600), None).renewed(Tokens(access=token(600), refresh=None), NOW + 500)

    assert after.access_expires_at == after.expires_at == NOW + 1100


def test_however_often_it_is_renewed_a_login_ends_after_a_week() -> None:
    after = login(token(600), token(3600))
    for hours in range(1, 7 * 24):
        after = after.renewed(Tokens(access=token(600), refresh=token(3600)), NOW + hours * 3600)

    last = after.renewed(Tokens(access=token(600), refresh=token(90_000)), NOW + LOGIN_LIFETIME - 60)

    assert last.expires_at == NOW + LOGIN_LIFETIME


def test_no_token_is_in_the_repr() -> None:
    access, refresh = token(600), token(3600)

    text = repr(login(access, refresh))

    assert access not in text
    assert refresh not in text


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"exp": 700}',
        b'{"iat": 700}',
        b'{"exp": null, "iat": null}',
        b'{"exp": {}, "iat": 100}',
        b'{"exp": 100, "iat": 100}',
        b'{"exp": 100, "iat": 700}',
        b'{"exp": 1e999, "iat": 100}',
        b'{"exp": NaN, "iat": 100}',
        b'{"exp": 1e999, "iat": 1e999}',
        b'{"exp": 1' + b"0" * 400 + b', "iat": 100}',
        b'{"exp": 1' + b"0" * 5000 + b', "iat": 100}',
        b"[" * 6000,
        b'{"exp": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b"\xff",
    ],
)
def test_a_token_that_tells_nothing_usable_has_the_default_lifetime(payload: bytes) -> None:
    assert token_lifetime(raw_token(payload), 601) == 601


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(exp=JSON, iat=JSON)
def test_whatever_a_token_claims_its_lifetime_is_a_usable_number(exp: Any, iat: Any) -> None:
    payload = json.dumps({"exp": exp, "iat": iat}).encode()

    assert 0 < token_lifetime(raw_token(payload), 600) < float("inf")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_whatever_a_token_is_its_lifetime_is_a_usable_number(text: str) -> None:
    assert token_lifetime(text, 600) == 600
