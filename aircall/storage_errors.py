"""What anything that works with what is kept may raise, wherever that is: in SQL or in Redis."""

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

STORAGE_ERRORS = (SQLAlchemyError, RedisError)
