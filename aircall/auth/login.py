"""Record of one login: the user, the tokens, and when they expire by our own clock."""

from dataclasses import dataclass, replace
from typing import Self

import jwt
import msgspec

from aircall.models import Tokens, User
from aircall.storage.records import Record

# Seconds. Lifetimes of the API's tokens (observed: 10 min and 1 h), for a token without `exp` and `iat`.
ACCESS_LIFETIME = 600.0
REFRESH_LIFETIME = 3600.0
# Seconds before its expiry when a token is refreshed; for a short-lived token this share of its lifetime.
REFRESH_MARGIN = 120.0
REFRESH_MARGIN_SHARE = 0.2
# Seconds until the password is required again, however often the token is refreshed.
LOGIN_LIFETIME = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One person's login. Times are seconds since 1970 by our own clock, from the receipt of the tokens."""

    id: str
    user: User
    tokens: Tokens
    generation: int
    began_at: float
    access_expires_at: float
    access_lifetime: float
    expires_at: float

    @classmethod
    def received(cls, login_id: str, user: User, tokens: Tokens, *, generation: int, now: float) -> Self:
        """Return the record for new tokens. Without a refresh token it expires with the access token."""
        access_lifetime = token_lifetime(tokens.access, ACCESS_LIFETIME)
        lifetime = token_lifetime(tokens.refresh, REFRESH_LIFETIME) if tokens.refresh else access_lifetime
        return cls(
            id=login_id,
            user=user,
            tokens=tokens,
            generation=generation,
            began_at=now,
            access_expires_at=now + access_lifetime,
            access_lifetime=access_lifetime,
            expires_at=now + min(lifetime, LOGIN_LIFETIME),
        )

    @classmethod
    def from_record(cls, record: Record) -> Self | None:
        """Decode a record, with its generation; None if another version wrote it."""
        try:
            return replace(msgspec.msgpack.decode(record.value, type=cls), generation=record.generation)
        except msgspec.MsgspecError:
            return None

    def renewed(self, tokens: Tokens, now: float) -> Self:
        """Return the record after a refresh. A refresh token that was not replaced keeps its expiry."""
        after = self.received(self.id, self.user, tokens, generation=self.generation + 1, now=now)
        is_kept = tokens.refresh is not None and tokens.refresh == self.tokens.refresh
        expires_at = self.expires_at if is_kept else min(after.expires_at, self.began_at + LOGIN_LIFETIME)
        return replace(after, began_at=self.began_at, expires_at=expires_at)

    def to_bytes(self) -> bytes:
        """Encode the record."""
        return msgspec.msgpack.encode(self)

    def needs_refresh(self, now: float) -> bool:
        """Whether it is time to refresh the access token."""
        margin = min(REFRESH_MARGIN, self.access_lifetime * REFRESH_MARGIN_SHARE)
        return now >= self.access_expires_at - margin

    def is_expired(self, now: float) -> bool:
        """Whether the access token has expired."""
        return now >= self.access_expires_at


def token_lifetime(token: str, default: float) -> float:
    """Return the seconds from a JWT's issue to its expiry, or `default` if it has no such claims.

    The difference is right even if the API's clock is wrong.
    """
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        lifetime = float(claims["exp"]) - float(claims["iat"])
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError):
        return default
    return lifetime if 0 < lifetime < float("inf") else default
