"""Errors of the Aircall API and of the login that uses it.

AircallError
├── InvalidRequestError     400: the API refused the fields; `messages` says why
├── UnauthorizedError       401: the token is expired or unknown; not executed
├── ForbiddenError          403: the token is valid, the action is not allowed
├── NotFoundError           404, or the empty body that the API sends for an unknown call
├── RateLimitedError        429: not executed; `retry_after` if the API gave it
├── RejectedError           any other 3xx or 4xx
│   └── WrongAddressError   what answers, or would have to, is not the API: a setting seems wrong
├── ServerError             5xx: may have been executed, unless it is a 503 with Retry-After
├── UnreachableError        no connection was made: not sent
├── NoResponseError         sent, but no complete response before the deadline: may have been executed
├── MalformedResponseError  a response that breaks the contract: may have been executed
├── PoolExhaustedError      too many requests of this kind are in flight here: not sent
├── CircuitOpenError        the circuit breaker is open after repeated failures: not sent
├── LoginEndedError         the login is over: logged out, expired or refused for good
└── NoLoginError            no user is logged in, so there is no token to use
"""

from collections.abc import Mapping, Sequence


class AircallError(Exception):
    """Base class. `is_executed_possible` is False if the API certainly did not execute the request.

    `retry_after` is in seconds, None if unknown.
    """

    is_executed_possible: bool = False

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvalidRequestError(AircallError):
    """400: the API refused the fields. `messages` are its sentences, at least one."""

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages) or ("The request is not valid.",)
        super().__init__("; ".join(self.messages))


class UnauthorizedError(AircallError):
    """401: the token is expired or unknown. Not executed."""


class ForbiddenError(AircallError):
    """403: the token is valid, the action is not allowed."""


class NotFoundError(AircallError):
    """There is no such call."""


class RateLimitedError(AircallError):
    """429: not executed."""


class RejectedError(AircallError):
    """A 3xx or 4xx without a class of its own."""


class WrongAddressError(RejectedError):
    """What answers at the address, or would have to, is not the API. Not executed."""


class ServerError(AircallError):
    """5xx: may have been executed, unless it is a 503 with Retry-After."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.is_executed_possible = retry_after is None


class UnreachableError(AircallError):
    """No connection was made. Not sent.

    `wrong_because` names the error that shows that the address is wrong, such as NameResolutionError.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, wrong_because: str | None = None
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.wrong_because = wrong_because


class NoResponseError(AircallError):
    """The request was sent, but no complete response came before the deadline."""

    is_executed_possible = True


class MalformedResponseError(AircallError):
    """The response breaks the API's contract."""

    is_executed_possible = True


class PoolExhaustedError(AircallError):
    """Too many requests of this kind are in flight here. Not sent."""


class CircuitOpenError(AircallError):
    """The circuit breaker is open for another `retry_after` seconds. Not sent."""


class LoginEndedError(AircallError):
    """The login is over: logged out, expired, or refused for good by the API."""


class NoLoginError(AircallError):
    """No user is logged in, so there is no token to use."""


ERROR_BY_STATUS: Mapping[int, type[AircallError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    429: RateLimitedError,
}
# Statuses in which Retry-After means that the request was not executed.
REFUSED_FOR_NOW = (429, 503)


def error_for(status: int, messages: Sequence[str], retry_after: float | None = None) -> AircallError:
    """Return the error for a response with this `status`.

    `retry_after` (seconds) is kept for 429 and 503 only; it means nothing with another status.
    """
    if status == 400:
        return InvalidRequestError(messages)
    text = "; ".join(messages) or f"The API answered {status}."
    fallback = ServerError if status >= 500 else RejectedError
    pause = retry_after if status in REFUSED_FOR_NOW else None
    return ERROR_BY_STATUS.get(status, fallback)(text, retry_after=pause)
