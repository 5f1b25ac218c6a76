"""Who is signed in, and the tokens for that, decoded at the door as calls are. Knows no I/O."""

from dataclasses import dataclass
from typing import Self

from aircall import fields
from aircall.errors import MalformedAnswerError


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who is signed in, as `/me` tells it."""

    id: str
    username: str

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a user as the API writes it. Raises MalformedAnswerError where there is no name."""
        user = fields.json_object(data)
        username = fields.clean_text(user.get("username"))
        if not username:
            raise MalformedAnswerError("A user has no name.")
        return cls(id=fields.clean_text(user.get("id")) or username, username=username)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Tokens:
    """An access token and, where the API gave one, the refresh token. Never printed: repr is left out."""

    access: str
    refresh: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the API answers to a login and to a refresh. `user` is None where it tells no usable one."""

    tokens: Tokens
    user: User | None

    @classmethod
    def from_json(cls, data: object, refresh_token: str | None = None) -> Self:
        """Read a grant as the API writes it; `refresh_token` stands in where it brings none.

        Raises MalformedAnswerError where there is no access token.
        """
        grant = fields.json_object(data)
        access = fields.token(grant.get("access_token"))
        if access is None:
            raise MalformedAnswerError("A grant has no access token.")
        tokens = Tokens(access=access, refresh=fields.token(grant.get("refresh_token")) or refresh_token)
        return cls(tokens=tokens, user=fields.usable(User.from_json, grant.get("user")))
