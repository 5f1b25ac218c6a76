"""The database of team data: created at the start, and written in transactions that exclude each other.

Every write of a topic begins by counting its revision. That row is the lock of all writers of the topic, in
every process, so that what a writer reads after it stays as it is until its commit.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Connection, Engine, Select, insert, inspect, select, update

from aircall.models import from_milliseconds, to_milliseconds
from aircall.storage.database import DatabaseError, exclusive_transaction
from aircall.storage.reading import Revision
from aircall.team.feed import TeamFeed, Topic
from aircall.team.tables import (
    SCHEMA_VERSION,
    apis,
    metadata,
    revisions,
    version,
)

NEWER = "{} holds team data of a newer version of Callboard (schema {}, not {}): start that version."
OLDER = "{} holds team data of an older version (schema {}, not {}): run `python -m aircall migrate`."

# Values in a statement: databases limit the number of its parameters.
MAX_VALUES = 500

Clock = Callable[[], datetime]
T = TypeVar("T", int, str)


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Write:
    """A write in progress: its connection, its revision, and the number keys that it changes."""

    connection: Connection
    revision: int
    at: datetime
    numbers: set[str] = field(default_factory=set)


class TeamDatabase:
    """The team data of the API at `api_url`. Creates the tables; raises DatabaseError for another version."""

    def __init__(self, engine: Engine, api_url: str, feed: TeamFeed, clock: Clock = utc_now) -> None:
        self.engine = engine
        self.feed = feed
        self.clock = clock
        prepare(engine)
        with exclusive_transaction(engine) as connection:
            self.api_id = known_api(connection, api_url)
        # All in one row, as most pages ask for all of them.
        numbers = [self._number_of(topic) for topic in Topic]
        query = select(*(number.scalar_subquery() for number in numbers))
        self._revisions = {topic: Revision(engine, query, place) for place, topic in enumerate(Topic)}

    @contextmanager
    def writing(self, topic: Topic) -> Iterator[Write]:
        """Open a transaction that excludes every other one of this topic; at its end tell the feed.

        The feed is told only if the block names numbers in `Write.numbers`.
        """
        counted = (
            update(revisions)
            .where(revisions.c.api_id == self.api_id, revisions.c.topic == topic)
            .values(revision=revisions.c.revision + 1)
            .returning(revisions.c.revision)
        )
        with self.engine.begin() as connection:
            revision = int(connection.execute(counted).scalar_one())
            # In the precision of the database, so that what is returned is what is read again.
            write = Write(connection, revision, from_milliseconds(to_milliseconds(self.clock())))
            yield write
        if write.numbers:
            self.feed.publish(topic, revision, write.numbers)

    def revision_of(self, topic: Topic) -> Revision:
        """Return the number of writes of this topic, to be read."""
        return self._revisions[topic]

    def _number_of(self, topic: Topic) -> Select[int]:
        return select(revisions.c.revision).where(
            revisions.c.api_id == self.api_id, revisions.c.topic == topic
        )


def batches(values: Collection[T]) -> Iterator[list[T]]:
    """Split the values, without duplicates and in order, into parts that fit into a statement."""
    ordered = sorted(set(values))
    return (ordered[start : start + MAX_VALUES] for start in range(0, len(ordered), MAX_VALUES))


def prepare(engine: Engine) -> None:
    """Create the tables in an empty database, once for all processes that start at the same time.

    Raises DatabaseError if they are of another version.
    """
    with engine.connect() as connection:
        stored = stored_version(connection)
    if stored is None:
        with exclusive_transaction(engine) as connection:
            # Read again under the lock: another process may have done it.
            stored = stored_version(connection)
            if stored is None:
                _create_tables(connection)
                return
    with engine.connect() as connection:
        check_not_newer(connection, stored)
        if stored < SCHEMA_VERSION:
            raise DatabaseError(OLDER.format(_name(connection), stored, SCHEMA_VERSION))


def stored_version(connection: Connection) -> int | None:
    """Return the version of the tables in this database; None without any."""
    if not inspect(connection).has_table(version.name):
        return None
    found = connection.scalar(select(version.c.version_num))
    return None if found is None else int(found)


def check_not_newer(connection: Connection, stored: int | None) -> None:
    """Raise DatabaseError if the tables are of a newer version than this code."""
    if stored is not None and stored > SCHEMA_VERSION:
        raise DatabaseError(NEWER.format(_name(connection), stored, SCHEMA_VERSION))


def _create_tables(connection: Connection) -> None:
    # The same that all migrations do one after the other, which a test compares.
    metadata.create_all(connection)
    connection.execute(insert(version).values(version_num=str(SCHEMA_VERSION)))


def _name(connection: Connection) -> str:
    return connection.engine.url.render_as_string(hide_password=True)


def known_api(connection: Connection, api_url: str) -> int:
    """Return the id of the API at this address, which is added if it is new."""
    found = connection.scalar(select(apis.c.id).where(apis.c.url == api_url))
    if found is not None:
        return int(found)
    added = connection.execute(insert(apis).values(url=api_url).returning(apis.c.id)).scalar_one()
    rows = [{"api_id": added, "topic": topic, "revision": 0} for topic in Topic]
    connection.execute(insert(revisions), rows)
    return int(added)
