"""What can go wrong between Callboard and the Aircall API. Knows nothing of HTTP libraries or pages.

AircallError
├── InvalidRequestError     400: the API refused the fields; `messages` says why
├── UnauthorizedError       401: the token is expired or unknown; nothing was executed
├── ForbiddenError          403: the token is good, the action is not allowed
├── NotFoundError           404, or the empty body the API sends for an unknown call
├── RateLimitedError        429: not executed; `retry_after` when the API named it
├── RejectedError           any other 3xx or 4xx
├── ServerError             5xx: fate unknown, unless it is a 503 that says when to come back
├── UnreachableError        no connection was made: nothing was sent
├── NoResponseError           sent, but no whole answer came before the deadline: fate unknown
├── MalformedResponseError    an answer that breaks the contract: fate unknown
├── PoolExhaustedError            too many requests of this kind are under way here: nothing was sent
├── CircuitOpenError        the API has just failed repeatedly, so it is left alone: nothing was sent
├── LoginEndedError         the login is over: logged out, expired or refused for good
└── NoLoginError            nobody is signed in, so there is no token to work with
"""

from collections.abc import Mapping, Sequence


class AircallError(Exception):
    """The base of all. `is_executed_possible` is False when the API certainly did nothing."""

    is_executed_possible: bool = False

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvalidRequestError(AircallError):
    """400: the API refused the fields. `messages` are its sentences, never empty."""

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages) or ("The request is not valid.",)
        super().__init__("; ".join(self.messages))


class UnauthorizedError(AircallError):
    """401: the token is expired or unknown. Nothing was executed."""


class ForbiddenError(AircallError):
    """403: the token is good, the action is not allowed."""


class NotFoundError(AircallError):
    """There is no such call."""


class RateLimitedError(AircallError):
    """429: not executed; `retry_after` is in seconds where the API named it."""


class RejectedError(AircallError):
    """A 3xx or 4xx without a class of its own."""


class ServerError(AircallError):
    """5xx. Whether the request was executed is unknown, unless a 503 says when to come back."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.is_executed_possible = retry_after is None


class UnreachableError(AircallError):
    """No connection was made, so nothing was sent."""


class NoResponseError(AircallError):
    """The request was sent, but no whole answer came before the deadline."""

    is_executed_possible = True


class MalformedResponseError(AircallError):
    """The answer breaks the API's contract."""

    is_executed_possible = True


class PoolExhaustedError(AircallError):
    """Too many requests of this kind are under way here; nothing was sent."""


class CircuitOpenError(AircallError):
    """The API has failed repeatedly and is left alone for `retry_after` seconds; nothing was sent."""


class LoginEndedError(AircallError):
    """The login is over: logged out, expired, or refused for good by the API."""


class NoLoginError(AircallError):
    """Nobody is signed in, so there is no token to work with."""


ERROR_BY_STATUS: Mapping[int, type[AircallError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    429: RateLimitedError,
}
# The answers in which "come back later" means that nothing was executed.
REFUSED_FOR_NOW = (429, 503)


def error_for(status: int, messages: Sequence[str], retry_after: float | None = None) -> AircallError:
    """The error that stands for an answer with this `status`.

    `retry_after` is in seconds; it is kept for 429 and 503, and means nothing with any other status.
    """
    if status == 400:
        return InvalidRequestError(messages)
    text = "; ".join(messages) or f"The API answered {status}."
    fallback = ServerError if status >= 500 else RejectedError
    pause = retry_after if status in REFUSED_FOR_NOW else None
    return ERROR_BY_STATUS.get(status, fallback)(text, retry_after=pause)
