"""Access and refresh tokens: made, checked, exchanged. Knows no HTTP."""

import math
import secrets
import time
from dataclasses import dataclass
from threading import Lock
from typing import Any
from uuid import uuid4

import jwt

ALGORITHM = "HS256"


class TokenRefusedError(Exception):
    """The token is not ours, is of the other kind, has expired or was revoked."""


@dataclass(frozen=True, slots=True, repr=False)
class TokenPair:
    """What a login or a refresh gives. Never printed: repr is left out."""

    username: str
    access: str
    refresh: str


class TokenDesk:
    """Makes JSON Web Tokens and tells whose they are. No token is kept: a new key ends all that went before.

    Only with strict rotation a refresh token is good for one exchange; a second one means that it was
    stolen, and ends every token descended from the same login. Lifetimes are in seconds.
    """

    def __init__(self, access_ttl: float, refresh_ttl: float, is_rotation_strict: bool) -> None:
        self._access_ttl = access_ttl
        self._refresh_ttl = refresh_ttl
        self._started_strict = is_rotation_strict
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """End all tokens and start anew."""
        self.expire_access_tokens()
        self.revoke()
        self.clear_faults()

    def clear_faults(self) -> None:
        """Set the clock right, and rotation back to what it was at the start."""
        self.is_rotation_strict = self._started_strict
        self.clock_shift = 0.0

    def expire_access_tokens(self) -> None:
        """End every access token; refresh tokens live on."""
        self._access_key = secrets.token_bytes(32)

    def revoke(self) -> None:
        """End every refresh token; access tokens live until they expire."""
        self._refresh_key = secrets.token_bytes(32)
        self._latest_of_family: dict[str, str] = {}

    def login(self, username: str) -> TokenPair:
        """A first pair for somebody who signed in."""
        return self._pair(username, str(uuid4()), replaced=None)

    def username_of(self, access_token: str) -> str:
        """Whose access token this is. Raises TokenRefusedError."""
        return str(self._claims(access_token, self._access_key)["username"])

    def refresh(self, refresh_token: str) -> TokenPair:
        """A new pair for a refresh token. Raises TokenRefusedError."""
        claims = self._claims(refresh_token, self._refresh_key)
        return self._pair(claims["username"], claims["family"], claims["jti"])

    def access_token(self, username: str) -> str:
        """A new access token alone, as the deprecated refresh gives."""
        return self._sign({"sub": username, "username": username}, self._access_ttl, self._access_key)

    def _pair(self, username: str, family: str, replaced: str | None) -> TokenPair:
        token_id = str(uuid4())
        self._rotate(family, replaced, token_id)
        claims = {"sub": username, "username": username, "jti": token_id, "family": family}
        refresh = self._sign(claims, self._refresh_ttl, self._refresh_key)
        return TokenPair(username, self.access_token(username), refresh)

    def _rotate(self, family: str, replaced: str | None, token_id: str) -> None:
        """Make this the family's latest token. Checked and set at once, or two exchanges might both pass."""
        with self._lock:
            latest = self._latest_of_family.pop(family, None)
            if self.is_rotation_strict and replaced != latest:
                raise TokenRefusedError
            self._latest_of_family[family] = token_id

    def _sign(self, claims: dict[str, Any], ttl: float, key: bytes) -> str:
        # Whole seconds, as the API writes them, unless the lifetime asks for more.
        is_whole = float(ttl).is_integer()
        issued_at = math.floor(self._now()) if is_whole else self._now()
        times = {"iat": issued_at, "exp": issued_at + (int(ttl) if is_whole else ttl)}
        # Without an id of its own, a token would equal the one made just before in the same second.
        return jwt.encode({"jti": str(uuid4()), **claims, **times}, key, ALGORITHM)

    def _claims(self, token: str, key: bytes) -> dict[str, Any]:
        try:
            # PyJWT cuts `exp` to whole seconds, so the times are checked below.
            claims = jwt.decode(token, key, [ALGORITHM], options={"verify_exp": False, "verify_iat": False})
        except jwt.InvalidTokenError as error:
            raise TokenRefusedError from error
        if claims["exp"] <= self._now():
            raise TokenRefusedError
        return claims

    def _now(self) -> float:
        return time.time() + self.clock_shift
