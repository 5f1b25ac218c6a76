"""The sandbox's tokens: lives, rotation, and what they say."""

from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from sandbox.tokens import TokenIssuer, TokenPair, TokenRefusedError


@pytest.fixture
def desk() -> TokenIssuer:
    return TokenIssuer(access_ttl=600, refresh_ttl=3600, is_rotation_strict=False)


def claims(token: str) -> dict[str, object]:
    read: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return read


def test_an_access_token_says_whose_it_is_and_how_long_it_lives(desk: TokenIssuer) -> None:
    said = claims(desk.login("alice").access)

    assert said["sub"] == said["username"] == "alice"
    assert isinstance(said["iat"], int)
    assert said["exp"] == said["iat"] + 600


def test_a_life_may_be_a_fraction_of_a_second() -> None:
    said = claims(TokenIssuer(0.25, 0.5, is_rotation_strict=False).login("alice").access)

    assert isinstance(said["iat"], float)
    assert said["exp"] == said["iat"] + 0.25


@pytest.mark.parametrize(("age", "is_good"), [(590, True), (601, False)])
def test_a_token_is_good_until_it_expires(desk: TokenIssuer, age: float, is_good: bool) -> None:
    access = desk.login("alice").access

    desk.clock_shift = age

    if is_good:
        assert desk.username_of(access) == "alice"
    else:
        with pytest.raises(TokenRefusedError):
            desk.username_of(access)


def test_each_kind_of_token_is_refused_in_place_of_the_other(desk: TokenIssuer) -> None:
    pair = desk.login("alice")

    with pytest.raises(TokenRefusedError):
        desk.username_of(pair.refresh)
    with pytest.raises(TokenRefusedError):
        desk.refresh(pair.access)


def test_a_refresh_gives_two_new_tokens_and_leaves_the_old_ones_good(desk: TokenIssuer) -> None:
    first = desk.login("alice")

    second = desk.refresh(first.refresh)

    assert len({first.access, first.refresh, second.access, second.refresh}) == 4
    assert desk.username_of(first.access) == desk.username_of(second.access) == "alice"
    assert desk.refresh(first.refresh).username == "alice"


def test_with_strict_rotation_using_a_token_again_ends_all_of_its_login() -> None:
    desk = TokenIssuer(600, 3600, is_rotation_strict=True)
    first, other_login = desk.login("alice"), desk.login("alice")
    second = desk.refresh(first.refresh)

    with pytest.raises(TokenRefusedError):
        desk.refresh(first.refresh)

    with pytest.raises(TokenRefusedError):
        desk.refresh(second.refresh)
    assert desk.refresh(other_login.refresh).username == "alice"


def test_two_exchanges_at_once_leave_no_good_token_of_that_login() -> None:
    desk = TokenIssuer(600, 3600, is_rotation_strict=True)
    stolen = desk.login("alice").refresh

    def exchange() -> TokenPair | None:
        try:
            return desk.refresh(stolen)
        except TokenRefusedError:
            return None

    with ThreadPoolExecutor() as pool:
        pairs = [future.result() for future in [pool.submit(exchange) for _ in range(20)]]

    (winner,) = [pair for pair in pairs if pair is not None]
    with pytest.raises(TokenRefusedError):
        desk.refresh(winner.refresh)


def test_tokens_are_not_shown(desk: TokenIssuer) -> None:
    pair = desk.login("alice")

    assert pair.access not in repr(pair)
    assert pair.refresh not in repr(pair)
