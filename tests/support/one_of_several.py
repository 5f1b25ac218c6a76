"""What makes several dashboards one: the settings that they share, and no more."""

from tests.support.postgres import Postgres
from tests.support.redis_server import RedisServer


def shared_settings(redis: RedisServer, postgres: Postgres) -> dict[str, str]:
    """Settings for every instance of a dashboard whose files are its own."""
    key = "a key that several instances share"
    return {"REDIS_URL": redis.url, "DATABASE_URL": postgres.url, "SECRET_KEY": key}
