"""The sandbox's faults, one method each, with the sandbox's own names. Knows not how the sandbox is reached.

`times` None means until the faults are cleared; `path` is how the paths begin that a fault is for; `applied`
says whether the request is executed all the same; other times are in seconds. A request meets one fault at
most: the first switched on that is for it.
"""

import base64
from abc import ABC, abstractmethod


class Faults(ABC):
    """Switches faults on. `clear_faults` and `reset` of the sandbox switch them off."""

    @abstractmethod
    def _fault(self, fault: str, /, **parameters: object) -> None:
        """Switch the fault of this name on."""

    def expire_access_tokens(self) -> None:
        """Every access token made so far is refused; refresh tokens are not."""
        self._fault("expire_access_tokens")

    def revoke(self) -> None:
        """Every refresh token made so far is refused; access tokens are not."""
        self._fault("revoke")

    def strict_rotation(self, on: bool = True) -> None:
        """A refresh token is good once; using it again ends all refresh tokens of its login."""
        self._fault("strict_rotation", on=on)

    def shift_clock(self, seconds: float) -> None:
        """The clock that makes and checks tokens is ahead by so much, or behind."""
        self._fault("shift_clock", seconds=seconds)

    def login_without_refresh_token(self, on: bool = True) -> None:
        """A login answers with an access token alone."""
        self._fault("login_without_refresh_token", on=on)

    def reject_logins(self, status: int = 401) -> None:
        """Every login is refused with this status."""
        self._fault("reject_logins", status=status)

    def refuse_refresh(self, status: int = 401) -> None:
        """Both refresh endpoints refuse with this status, until the faults are cleared."""
        self._fault("refuse_refresh", status=status)

    def refuse_channel_auth(self, status: int = 403, times: int | None = None) -> None:
        """No subscription is signed."""
        self._fault("refuse_channel_auth", status=status, times=times)

    def answer_503(
        self,
        times: int | None = 1,
        path: str = "/",
        *,
        retry_after: float | None = None,
        applied: bool = False,
    ) -> None:
        """503 Service Unavailable, with a Retry-After header where one is given."""
        self._fault("answer_503", times=times, path=path, retry_after=retry_after, applied=applied)

    def answer_with(
        self,
        status: int = 200,
        body: bytes = b"",
        content_type: str = "application/json; charset=utf-8",
        *,
        times: int | None = 1,
        path: str = "/",
        applied: bool = False,
        missing: int = 0,
    ) -> None:
        """Any answer instead of the real one.

        `missing` is by how many bytes the body falls short of the length the answer names.
        """
        self._fault(
            "answer_with",
            status=status,
            body_base64=base64.b64encode(body).decode(),
            content_type=content_type,
            times=times,
            path=path,
            applied=applied,
            missing=missing,
        )

    def be_slow(
        self, seconds: float, *, times: int | None = None, path: str = "/", applied: bool = False
    ) -> None:
        """The answer comes so much later; `applied` says whether the work is done before that or after."""
        self._fault("be_slow", seconds=seconds, times=times, path=path, applied=applied)

    def drip(self, seconds: float, *, times: int | None = None, path: str = "/") -> None:
        """The real answer comes byte by byte, with a pause after each."""
        self._fault("drip", seconds=seconds, times=times, path=path)

    def apply_and_never_answer(
        self, times: int | None = 1, *, path: str = "/calls", seconds: float = 30
    ) -> None:
        """A change is made; then the connection hangs, and after `seconds` it is reset."""
        self._fault("apply_and_never_answer", times=times, path=path, seconds=seconds)

    def reset_after_send(self, times: int | None = 1, *, path: str = "/calls", applied: bool = False) -> None:
        """A change's request is taken, and the connection reset at once."""
        self._fault("reset_after_send", times=times, path=path, applied=applied)

    def wrong_total(self, value: object) -> None:
        """The list's `totalCount` is this, whatever the truth."""
        self._fault("wrong_total", value=value)

    def drop_sockets(self, code: int | None = None, reason: str = "") -> None:
        """Every connection to the channel ends: closed with a code, or reset where none is given."""
        self._fault("drop_sockets", code=code, reason=reason)

    def refuse_sockets(self, on: bool = True) -> None:
        """No new connection to the channel is made: 503 instead of a handshake."""
        self._fault("refuse_sockets", on=on)

    def mute_sockets(self) -> None:
        """Connections that are open now go half-open: they stay, and nothing is read or answered."""
        self._fault("mute_sockets")

    def lose_events(self, count: int = 1) -> None:
        """The next changes are announced to nobody."""
        self._fault("lose_events", count=count)

    def send_event(self, name: str, data: object = None, *, channel: str = "private-aircall") -> None:
        """An event that nobody expects goes to all subscribers; a text is sent raw, anything else as JSON."""
        self._fault("send_event", name=name, data=data, channel=channel)

    def pusher_error(self, code: int | None, message: str = "A fault of the sandbox") -> None:
        """Every connection gets `pusher:error`; codes from 4000 to 4299 close it too, as in the protocol."""
        self._fault("pusher_error", code=code, message=message)
