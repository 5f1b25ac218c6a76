"""One login's record: the user, the token pair and when it ends on our own clock. Knows no I/O."""

from dataclasses import dataclass, replace
from typing import Self

import jwt
import msgspec

from aircall.models import Tokens, User
from aircall.storage.records import Record

# The API's lifetimes, for a token that does not tell its own.
ACCESS_LIFETIME = 600.0
REFRESH_LIFETIME = 3600.0
# A token is renewed this long before its end, or in the last fifth of a short life.
REFRESH_MARGIN = 120.0
REFRESH_MARGIN_SHARE = 0.2
# However often a login is renewed, after a week the password is asked for again.
LOGIN_LIFETIME = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One person's login. Times are seconds of our own clock, counted from when we received the tokens."""

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
        """The record of tokens that came just now. Without a refresh token it ends with the access token."""
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
        """The login as a store keeps it, with the record's generation; None where another version kept it."""
        try:
            return replace(msgspec.msgpack.decode(record.value, type=cls), generation=record.generation)
        except msgspec.MsgspecError:
            return None

    def renewed(self, tokens: Tokens, now: float) -> Self:
        """The record after a refresh. A refresh token that was not replaced ends when it would have."""
        after = self.received(self.id, self.user, tokens, generation=self.generation + 1, now=now)
        is_kept = tokens.refresh is not None and tokens.refresh == self.tokens.refresh
        expires_at = self.expires_at if is_kept else min(after.expires_at, self.began_at + LOGIN_LIFETIME)
        return replace(after, began_at=self.began_at, expires_at=expires_at)

    def to_bytes(self) -> bytes:
        """The login in the form that `from_record` reads."""
        return msgspec.msgpack.encode(self)

    def needs_refresh(self, now: float) -> bool:
        """Whether it is time to renew the access token."""
        margin = min(REFRESH_MARGIN, self.access_lifetime * REFRESH_MARGIN_SHARE)
        return now >= self.access_expires_at - margin

    def is_expired(self, now: float) -> bool:
        """Whether the access token is past its end."""
        return now >= self.access_expires_at


def token_lifetime(token: str, default: float) -> float:
    """Seconds from a JWT's issue to its expiry; `default` where it does not tell.

    The difference is right even where the API's clock is not ours.
    """
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        lifetime = float(claims["exp"]) - float(claims["iat"])
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError):
        return default
    return lifetime if 0 < lifetime < float("inf") else default
