"""What each process tells the others of itself, again and again: a notice of one that has ended is soon gone.

Knows how notices go round; knows nothing of what follows from them.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

import msgspec
from redis import Redis
from redis.exceptions import RedisError

from aircall.concurrency import MessageBus, call_safely
from aircall.status import SyncStatus

# Post the notice ARGV[2] of the process ARGV[1] for ARGV[3] milliseconds; all notices that are good.
# The notices stand in a hash, until when they are good in a sorted set; the last one ends with both.
POST = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
for _, gone in ipairs(redis.call('ZRANGE', KEYS[2], '-inf', '(' .. now, 'BYSCORE')) do
    redis.call('ZREM', KEYS[2], gone)
    redis.call('HDEL', KEYS[1], gone)
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[3]) end
return redis.call('HVALS', KEYS[1])
"""

log = logging.getLogger(__name__)

SIGNAL = "notices"
# How often a process posts its notice, how often at the most, and how long that is good (seconds).
TURN, SHORTEST_TURN, LIFETIME = 1.0, 0.1, 5.0


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """What a process tells: its open pages, who looks at which call in them, and the upkeep, if it does that.

    `viewed_ago` is how many seconds ago somebody last asked it for a page of the list, None for never.
    """

    process: str
    page_count: int
    viewed_ago: float | None
    viewers: Mapping[str, Sequence[str]]
    sync: SyncStatus | None


class Heartbeats:
    """Posts the notice that `own` gives, and hands all others to `take`, in a thread of its own."""

    def __init__(
        self,
        client: Redis,
        prefix: str,
        bus: MessageBus,
        own: Callable[[], Heartbeat],
        take: Callable[[Sequence[Heartbeat]], None],
    ) -> None:
        self._post = client.register_script(POST)
        self._keys = [f"{prefix}notices", f"{prefix}notice-times"]
        self._bus = bus
        self._own = own
        self._take = take
        self._kicked = threading.Event()
        self._is_news = False
        self._posted_at = monotonic()
        self._stopped = threading.Event()
        bus.on(SIGNAL, lambda _value: self._kicked.set())

    def start(self) -> None:
        """Begin posting."""
        threading.Thread(target=self._run, name="notices", daemon=True).start()

    def stop(self) -> None:
        """Post no more: what was posted last is good for some seconds yet."""
        self._stopped.set()
        self._kicked.set()

    def post_now(self) -> None:
        """Post at once, and have the others look: something has changed that they wait for."""
        self._is_news = True
        self._kicked.set()

    def _run(self) -> None:
        while not self._stopped.wait(SHORTEST_TURN):
            self._kicked.clear()
            call_safely(self._turn)
            self._kicked.wait(TURN)

    def _turn(self) -> None:
        own, is_news = self._own(), self._is_news
        self._is_news = False
        body = msgspec.json.encode(own)
        try:
            posted = self._post(keys=self._keys, args=[own.process, body, int(LIFETIME * 1000)])
        except RedisError as error:
            self._is_news = is_news
            log.info("a notice could not be posted: %s", type(error).__name__)
            if monotonic() >= self._posted_at + LIFETIME:
                # Whatever the others told last is not good any more.
                self._take([])
            return
        self._posted_at = monotonic()
        if is_news:
            self._bus.send(SIGNAL)
            self._kicked.clear()
        found = [notice for text in posted if (notice := _read(text)) is not None]
        self._take([notice for notice in found if notice.process != own.process])


def _read(text: bytes) -> Heartbeat | None:
    try:
        return msgspec.json.decode(text, type=Heartbeat)
    except msgspec.MsgspecError:
        # Another version posted it.
        return None
