"""Opens and checks what is kept: sessions and logins, and the calls. Knows nothing of what is in them."""

from redis.exceptions import LockError

from aircall.calls.store import CallLog
from aircall.storage.database import check_database, open_database
from aircall.storage.records import EmbeddedStore, Store
from aircall.storage.redis import RedisStore, check_redis, connect
from config import Config

# Under which the store keeps whose logins these are, and for how long (a century, in seconds).
API_KEY = "api"
FOREVER = 100 * 366 * 24 * 3600.0
# Longer than forgetting everything takes, in seconds.
FORGETTING_TIME = 5.0


def open_store(config: Config) -> Store:
    """Where sessions and logins are kept: in Redis where there is one, else in a file of this process."""
    if config.redis_url is not None:
        return RedisStore(connect(config.redis_url))
    return EmbeddedStore(open_database(sessions_url(config)))


def sessions_url(config: Config) -> str:
    """The database of the sessions and logins where there is no Redis."""
    return f"sqlite:///{config.data_dir / 'sessions.db'}"


def check_storage(config: Config) -> None:
    """Raises DatabaseError or RedisUnusableError, one line for people, where something cannot be kept."""
    if config.redis_url is not None:
        check_redis(config.redis_url)
    else:
        check_database(sessions_url(config))
    check_database(config.database_url)
    check_calls(config)


def forget_other_api(store: Store, log: CallLog, api_url: str) -> None:
    """Begin afresh where what is kept belongs to another API: its tokens and calls are none of this one's.

    Raises DatabaseError where those calls are not ours to forget, and LockError, one of STORAGE_ERRORS, where
    another process is at it for longer than that takes.
    """
    log.belong_to(api_url)
    # Of processes that start at once, each would forget what the others have begun to keep.
    with store.lock(API_KEY, FORGETTING_TIME) as is_held:
        if not is_held:
            raise LockError("Another process does not get done with what belongs to another API.")
        kept = store.load(API_KEY)
        if kept is None or kept.value.decode() != api_url:
            store.clear()
            store.put(API_KEY, api_url.encode(), FOREVER)


def check_calls(config: Config) -> None:
    """Raises DatabaseError, one line for people, where the database holds the calls of another API."""
    log = CallLog(open_database(config.database_url))
    try:
        log.belong_to(config.api_url)
    finally:
        log.close()
