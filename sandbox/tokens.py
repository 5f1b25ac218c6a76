"""Access and refresh tokens: issue, verify, exchange."""

import math
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import jwt

ALGORITHM = "HS256"


class TokenRefusedError(Exception):
    """The token is foreign, of the wrong kind, expired or revoked."""


@dataclass(frozen=True, slots=True, repr=False)
class TokenPair:
    """The tokens of a login or a refresh. Without a repr, so that they are not printed."""

    username: str
    access: str
    refresh: str


class TokenIssuer:
    """Issues and verifies JSON Web Tokens. Tokens are not stored; a new key invalidates all older ones.

    With strict rotation a refresh token can be exchanged once; reuse revokes all refresh tokens of its login.
    Lifetimes are in seconds. `kept` is a file for the keys, so that tokens outlive a restart.
    """

    def __init__(
        self, access_ttl: float, refresh_ttl: float, is_rotation_strict: bool, kept: Path | None = None
    ) -> None:
        self._access_ttl = access_ttl
        self._refresh_ttl = refresh_ttl
        self._started_strict = is_rotation_strict
        self._kept = kept
        self._lock = Lock()
        self._access_key = self._refresh_key = b""
        self._latest_of_family: dict[str, str] = {}
        self.clear_faults()
        if not self._load_keys():
            self.reset()

    def reset(self) -> None:
        """Invalidate all tokens and clear the faults."""
        self.expire_access_tokens()
        self.revoke()
        self.clear_faults()

    def clear_faults(self) -> None:
        """Reset the clock and the rotation mode."""
        self.is_rotation_strict = self._started_strict
        self.clock_shift = 0.0

    def expire_access_tokens(self) -> None:
        """Invalidate all access tokens, but no refresh tokens."""
        self._access_key = secrets.token_bytes(32)
        self._keep_keys()

    def revoke(self) -> None:
        """Invalidate all refresh tokens, but no access tokens."""
        self._refresh_key = secrets.token_bytes(32)
        self._latest_of_family = {}
        self._keep_keys()

    def _load_keys(self) -> bool:
        """Return whether there are keys that were kept."""
        if self._kept is None or not self._kept.is_file():
            return False
        keys = [bytes.fromhex(line) for line in self._kept.read_text().split()]
        self._access_key, self._refresh_key = keys
        return True

    def _keep_keys(self) -> None:
        if self._kept is not None:
            self._kept.write_text(f"{self._access_key.hex()}\n{self._refresh_key.hex()}\n")

    def login(self, username: str) -> TokenPair:
        """Issue the first pair of a login."""
        return self._pair(username, str(uuid4()), replaced=None)

    def username_of(self, access_token: str) -> str:
        """Return the user of an access token. Raises TokenRefusedError."""
        return str(self._claims(access_token, self._access_key)["username"])

    def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token for a new pair. Raises TokenRefusedError."""
        claims = self._claims(refresh_token, self._refresh_key)
        return self._pair(claims["username"], claims["family"], claims["jti"])

    def access_token(self, username: str) -> str:
        """Issue an access token alone, as the deprecated refresh does."""
        return self._sign({"sub": username, "username": username}, self._access_ttl, self._access_key)

    def _pair(self, username: str, family: str, replaced: str | None) -> TokenPair:
        token_id = str(uuid4())
        self._rotate(family, replaced, token_id)
        claims = {"sub": username, "username": username, "jti": token_id, "family": family}
        refresh = self._sign(claims, self._refresh_ttl, self._refresh_key)
        return TokenPair(username, self.access_token(username), refresh)

    def _rotate(self, family: str, replaced: str | None, token_id: str) -> None:
        """Make this the latest token of the family. Atomic, so that only one of two exchanges succeeds."""
        with self._lock:
            latest = self._latest_of_family.pop(family, None)
            if self.is_rotation_strict and replaced != latest:
                raise TokenRefusedError
            self._latest_of_family[family] = token_id

    def _sign(self, claims: dict[str, Any], ttl: float, key: bytes) -> str:
        # Whole seconds, as in the API's tokens, unless the lifetime is a fraction.
        is_whole = float(ttl).is_integer()
        issued_at = math.floor(self._now()) if is_whole else self._now()
        times = {"iat": issued_at, "exp": issued_at + (int(ttl) if is_whole else ttl)}
        # Without a unique id, two tokens of the same second would be equal.
        return jwt.encode({"jti": str(uuid4()), **claims, **times}, key, ALGORITHM)

    def _claims(self, token: str, key: bytes) -> dict[str, Any]:
        try:
            # PyJWT truncates `exp` to whole seconds, so it is checked below.
            claims = jwt.decode(token, key, [ALGORITHM], options={"verify_exp": False, "verify_iat": False})
        except jwt.InvalidTokenError as error:
            raise TokenRefusedError from error
        if claims["exp"] <= self._now():
            raise TokenRefusedError
        return claims

    def _now(self) -> float:
        return time.time() + self.clock_shift
