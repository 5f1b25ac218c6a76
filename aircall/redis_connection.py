"""Makes clients of Redis that fail fast and heal fast. Knows nothing of what is kept there."""

from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, TimeoutError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

# How long a Redis may take to answer, which takes it a thousandth where it is well; in seconds.
ANSWER_TIMEOUT = 0.5
# After it has not answered nobody waits for it for this long, so that no request waits twice (seconds).
PAUSE = 0.5
# Each is busy for the moment of one command. Who finds none free waits this long, in seconds.
MOST_CONNECTIONS, CONNECTION_WAIT = 64, 0.25


class RedisUnusableError(Exception):
    """A Redis cannot be reached or written to. The message names it, without its password."""


class SilentRedisError(TimeoutError):
    """Redis has just not answered somebody, so that it was not asked."""


class ImpatientRedis(Redis):
    """A client that raises SilentRedisError at once while Redis has just not answered somebody."""

    _silent_until = 0.0

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command. Raises RedisError. What a pipeline sends does not come by here."""
        if monotonic() < self._silent_until:
            raise SilentRedisError("Redis has just not answered.")
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis has none
        except TimeoutError:
            self._silent_until = monotonic() + PAUSE
            raise


def connect(url: str, *, block: float = 0.0) -> Redis:
    """A client for any number of threads, which connects when it is first used.

    No command is tried twice. One that waits at the server (`XREAD BLOCK`) may do so for `block` seconds;
    such a client is for nothing else, as its commands wait that long for a Redis that fell silent.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MOST_CONNECTIONS,
        timeout=CONNECTION_WAIT,
        socket_timeout=ANSWER_TIMEOUT + block,
        socket_connect_timeout=ANSWER_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        # Not for this server; asking for them would cost each connection another answer.
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    return ImpatientRedis.from_pool(pool)


def check_redis(url: str) -> None:
    """Reach this Redis and write to it. Raises RedisUnusableError, one line for people, where that fails."""
    client = connect(url)
    try:
        client.set("callboard:check", b"", px=1)
    except RedisError as error:
        reason = str(error).splitlines()[0]
        raise RedisUnusableError(f"{_name(url)} cannot be used: {reason}") from error
    finally:
        client.close()


def _name(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
