"""Databases and the key-value records beside them, and the errors that any use of them may raise."""

import sqlite3

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError


class StorageBusyError(Exception):
    """A lock in the storage could not be acquired in time."""


STORAGE_ERRORS = (SQLAlchemyError, sqlite3.Error, RedisError, StorageBusyError)
