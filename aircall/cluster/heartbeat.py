"""Heartbeats: what each process tells the others about itself, once a second. They expire after LIFETIME."""

import logging
from collections.abc import Callable, Sequence
from threading import Event
from time import monotonic

import msgspec
from redis import Redis
from redis.exceptions import RedisError

from aircall.concurrency import BackgroundThread, MessageBus, call_safely
from aircall.status import SyncStatus, Viewers

log = logging.getLogger(__name__)

# Message that asks every process to read the heartbeats now.
HEARTBEATS = "heartbeats"
# Seconds between two heartbeats, between two at the least, and until one expires.
INTERVAL, MIN_INTERVAL, LIFETIME = 1.0, 0.1, 5.0

# Posts the heartbeat ARGV[2] of the process ARGV[1] for ARGV[3] ms, and returns all that have not expired.
# KEYS: hash of heartbeats by process, sorted set of processes by expiry (ms since 1970).
POST = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. now)) do
    redis.call('ZREM', KEYS[2], gone)
    redis.call('HDEL', KEYS[1], gone)
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[3]) end
return redis.call('HVALS', KEYS[1])
"""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """Number of open pages and viewers of calls in one process; and the sync's status, from the leader.

    `seconds_since_view` counts from the last request for the list; None if there was none.
    """

    process: str
    page_count: int
    seconds_since_view: float | None
    viewers: Viewers
    sync: SyncStatus | None


class Heartbeats:
    """Exchange of heartbeats: posts what `own` returns, and passes all others to `receive`."""

    def __init__(
        self,
        client: Redis,
        prefix: str,
        bus: MessageBus,
        own: Callable[[], Heartbeat],
        receive: Callable[[Sequence[Heartbeat]], None],
    ) -> None:
        self._post = client.register_script(POST)
        self._keys = [f"{prefix}notices", f"{prefix}notice-times"]
        self._bus = bus
        self._own = own
        self._receive = receive
        self._waking = Event()
        self._is_urgent = False
        self._posted_at = monotonic()
        self._thread = BackgroundThread("heartbeats", self._run)
        bus.on(HEARTBEATS, lambda _text: self._waking.set())

    def start(self) -> None:
        """Start posting."""
        self._thread.start()

    def stop(self) -> None:
        """Stop posting. The last heartbeat expires by itself."""
        self._thread.stop()
        self._waking.set()

    def post_now(self) -> None:
        """Post at once, and make the other processes read it: they wait for what has changed."""
        self._is_urgent = True
        self._waking.set()

    def _run(self, stopping: Event) -> None:
        while not stopping.wait(MIN_INTERVAL):
            self._waking.clear()
            call_safely(self._exchange)
            self._waking.wait(INTERVAL)

    def _exchange(self) -> None:
        # Reset before reading: what changes from now on is posted once more.
        is_urgent, self._is_urgent = self._is_urgent, False
        own = self._own()
        body = msgspec.json.encode(own)
        try:
            posted = self._post(keys=self._keys, args=[own.process, body, int(LIFETIME * 1000)])
        except RedisError as error:
            self._is_urgent |= is_urgent
            log.info("heartbeat not posted: %s", type(error).__name__)
            if monotonic() >= self._posted_at + LIFETIME:
                # The others' heartbeats have expired, too.
                self._receive([])
            return
        self._posted_at = monotonic()
        if is_urgent:
            self._bus.send(HEARTBEATS)
            # The message has woken this process, too.
            self._waking.clear()
            if self._is_urgent:
                self._waking.set()
        received = [heartbeat for text in posted if (heartbeat := _decode(text)) is not None]
        self._receive([heartbeat for heartbeat in received if heartbeat.process != own.process])


def _decode(text: bytes) -> Heartbeat | None:
    try:
        return msgspec.json.decode(text, type=Heartbeat)
    except msgspec.MsgspecError:
        # Posted by another version.
        return None
