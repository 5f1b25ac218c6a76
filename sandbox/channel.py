"""Subscriptions and message frames of the Pusher protocol."""

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
    """One connection, as seen by the hub. No method blocks."""

    def send(self, text: str) -> None:
        """Queue a frame."""

    def close(self, code: int, reason: str) -> None:
        """Close with a code, after the queued frames."""

    def reset(self) -> None:
        """Reset the TCP connection without a close frame."""

    def mute(self) -> None:
        """Simulate a half-open connection: keep it, but neither read nor send."""

    def unmute(self) -> None:
        """End `mute`."""


class Hub:
    """All connections and their subscriptions. Sending only queues, so no listener delays others."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._listeners: set[Listener] = set()
        self._subscribers: defaultdict[str, set[Listener]] = defaultdict(set)
        self.connections_total = 0
        self.subscriptions_total = 0

    def add(self, listener: Listener) -> None:
        """Register a connection."""
        with self._lock:
            self._listeners.add(listener)
            self.connections_total += 1

    def subscribe(self, channel: str, listener: Listener) -> None:
        """Subscribe a connection and confirm the subscription to it."""
        with self._lock:
            self._subscribers[channel].add(listener)
            self.subscriptions_total += 1
            listener.send(frame("pusher_internal:subscription_succeeded", "{}", channel))

    def unsubscribe(self, channel: str, listener: Listener) -> None:
        """End a subscription, if there is one."""
        with self._lock:
            self._subscribers[channel].discard(listener)

    def remove(self, listener: Listener) -> None:
        """Remove a connection and its subscriptions."""
        with self._lock:
            self._listeners.discard(listener)
            for subscribers in self._subscribers.values():
                subscribers.discard(listener)

    def publish(self, event: str, data: str, channel: str = CHANNEL) -> None:
        """Send an event to all subscribers of the channel."""
        text = frame(event, data, channel)
        with self._lock:
            for listener in self._subscribers[channel]:
                listener.send(text)

    def listeners(self) -> list[Listener]:
        """Return the current connections."""
        with self._lock:
            return list(self._listeners)

    def subscriptions_now(self, channel: str = CHANNEL) -> int:
        """Return the number of subscribers of the channel."""
        with self._lock:
            return len(self._subscribers[channel])

    def reset(self) -> None:
        """Close all connections and reset the counters."""
        with self._lock:
            for listener in self._listeners:
                listener.unmute()
                listener.close(RECONNECT, "The sandbox was reset")
            self._listeners.clear()
            self._subscribers.clear()
            self.connections_total = self.subscriptions_total = 0


def frame(event: str, data: object, channel: str | None = None) -> str:
    """Return a protocol message. For most events the protocol requires `data` to be a JSON string."""
    to = {} if channel is None else {"channel": channel}
    return json.dumps({"event": event, **to, "data": data})


def error_frame(code: int | None, message: str) -> str:
    """Return a `pusher:error` message. A code of None requires no action from the client."""
    return frame("pusher:error", {"code": code, "message": message})


def signature(key: str, secret: str, socket_id: str, channel: str) -> str:
    """Return the signature of one connection for one channel: `<key>:<hex digest>`."""
    signed = f"{socket_id}:{channel}".encode("utf-8", "backslashreplace")
    return f"{key}:{hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def is_signed(auth: object, expected: str) -> bool:
    """Return whether a client's `auth` is the expected signature, in constant time.

    Compares bytes, as `compare_digest` rejects non-ASCII strings.
    """
    given = auth.encode("utf-8", "backslashreplace") if isinstance(auth, str) else b""
    return hmac.compare_digest(given, expected.encode("utf-8", "backslashreplace"))
