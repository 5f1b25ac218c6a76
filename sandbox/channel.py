"""Who listens to what, and the frames of the Pusher protocol. Knows no socket and no call."""

import hashlib
import hmac
import json
from collections import defaultdict
from threading import Lock
from typing import Protocol

CHANNEL = "private-aircall"
UPDATE_CALL = "update-call"
SIGNED_PREFIXES = ("private-", "presence-")
PROTOCOLS = range(5, 8)
# Error and close codes of the Pusher protocol.
UNKNOWN_APP = 4001
INVALID_VERSION = 4006
UNSUPPORTED_VERSION = 4007
NO_VERSION = 4008
RECONNECT = 4200
NO_PONG = 4201
CLOSING_CODES = range(4000, 4300)
CLIENT_EVENTS_OFF = 4301


class Listener(Protocol):
    """One connection, as far as the hub cares. No method ever waits for the other side."""

    def send(self, text: str) -> None:
        """Send a frame."""

    def close(self, code: int, reason: str) -> None:
        """Close with a code, after what was sent before."""

    def reset(self) -> None:
        """End with a TCP reset, without a word."""

    def mute(self) -> None:
        """Go half-open: stay, and read and answer nothing."""

    def speak(self) -> None:
        """End being mute."""


class Hub:
    """All connections and their subscriptions. One slow listener delays nobody: sending only queues."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._listeners: set[Listener] = set()
        self._subscribers: defaultdict[str, set[Listener]] = defaultdict(set)
        self.connections_total = 0
        self.subscriptions_total = 0

    def add(self, listener: Listener) -> None:
        """Somebody connected."""
        with self._lock:
            self._listeners.add(listener)
            self.connections_total += 1

    def subscribe(self, channel: str, listener: Listener) -> None:
        """Confirm the subscription, then deliver what is published from now on."""
        with self._lock:
            self._subscribers[channel].add(listener)
            self.subscriptions_total += 1
            listener.send(frame("pusher_internal:subscription_succeeded", "{}", channel))

    def unsubscribe(self, channel: str, listener: Listener) -> None:
        """Deliver this channel no longer; no harm where there was no subscription."""
        with self._lock:
            self._subscribers[channel].discard(listener)

    def remove(self, listener: Listener) -> None:
        """The connection is gone."""
        with self._lock:
            self._listeners.discard(listener)
            for subscribers in self._subscribers.values():
                subscribers.discard(listener)

    def publish(self, event: str, data: str, channel: str = CHANNEL) -> None:
        """Send an event to everybody who subscribed to the channel."""
        text = frame(event, data, channel)
        with self._lock:
            for listener in self._subscribers[channel]:
                listener.send(text)

    def listeners(self) -> list[Listener]:
        """Every connection there is now."""
        with self._lock:
            return list(self._listeners)

    def subscriptions_now(self, channel: str = CHANNEL) -> int:
        """How many connections listen to the channel."""
        with self._lock:
            return len(self._subscribers[channel])

    def reset(self) -> None:
        """Close every connection and count from zero."""
        with self._lock:
            for listener in self._listeners:
                listener.speak()
                listener.close(RECONNECT, "The sandbox starts anew")
            self._listeners.clear()
            self._subscribers.clear()
            self.connections_total = self.subscriptions_total = 0


def frame(event: str, data: object, channel: str | None = None) -> str:
    """A message of the protocol. `data` is sent as given; the protocol wants a JSON text for most events."""
    to = {} if channel is None else {"channel": channel}
    return json.dumps({"event": event, **to, "data": data})


def error_frame(code: int | None, message: str) -> str:
    """`pusher:error`; a code of None means that nothing has to be done about the connection."""
    return frame("pusher:error", {"code": code, "message": message})


def signature(key: str, secret: str, socket_id: str, channel: str) -> str:
    """What authorizes one connection to one channel: `<key>:<hex digest>`."""
    signed = f"{socket_id}:{channel}".encode("utf-8", "backslashreplace")
    return f"{key}:{hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def is_signed(auth: object, expected: str) -> bool:
    """Whether a client's `auth` is the expected signature. Bytes, because text may be more than ASCII."""
    given = auth.encode("utf-8", "backslashreplace") if isinstance(auth, str) else b""
    return hmac.compare_digest(given, expected.encode("utf-8", "backslashreplace"))
