"""Where the Pusher server is, how patient we are, and how its event data is read. Knows no connection."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from aircall.errors import MalformedAnswerError

# Pusher's own servers pass on a hundredth of this.
LONGEST_DATA = 1_000_000


@dataclass(frozen=True, kw_only=True)
class PusherSettings:
    """The address of a server and the timings of the link to it, in seconds.

    Without a `host` it is Pusher's own server for the `cluster`; without a `port`, the scheme's usual one.
    Raises ValueError where `ping_interval` is not longer than `pong_timeout`.
    """

    key: str
    cluster: str
    host: str | None = None
    port: int | None = None
    is_secure: bool = True
    # For the TCP connection, for TLS and for the WebSocket's handshake, each.
    connect_timeout: float = 10.0
    # From the beginning to the confirmed subscription, signing included.
    subscribe_timeout: float = 20.0
    # The WebSocket's own pings: a dead link is noticed within the interval and twice the timeout.
    ping_interval: float = 10.0
    pong_timeout: float = 5.0
    # Pusher's pings: they find a server that is mute above a living link, and show that we are not idle.
    pusher_ping_interval: float = 25.0
    # After the loss of a calm link; otherwise it is `retry_min`, doubled each time, up to `retry_max`.
    first_retry: float = 0.4
    retry_min: float = 1.0
    retry_max: float = 30.0
    # How long a link has to hold to count as calm.
    calm_after: float = 30.0
    # While nobody is signed in and nobody says otherwise.
    no_login_retry: float = 30.0
    # How many calls may wait for whoever takes them.
    queue_limit: int = 1000

    def __post_init__(self) -> None:
        if self.ping_interval <= self.pong_timeout:
            raise ValueError("ping_interval has to be longer than pong_timeout")


def decoded(data: object) -> object:
    """An event's data: most servers send it as JSON text, some as it is. Raises MalformedAnswerError."""
    if not isinstance(data, str):
        return data
    if len(data) > LONGEST_DATA:
        raise MalformedAnswerError("The data is too long.")
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MalformedAnswerError("The data is not JSON.") from error


def fields(data: object) -> Mapping[str, object]:
    """The members of an event's data; none where it is no object."""
    try:
        value = decoded(data)
    except MalformedAnswerError:
        return {}
    return value if isinstance(value, Mapping) else {}
