"""Makes the log's tables where there are none yet, and drops those of other forms. Knows no calls."""

import logging
import re

from sqlalchemy import Connection, Engine, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from aircall.call_search import SearchIndex
from aircall.call_table import FORM, LATE_INDEXES, PREFIX, calls, metadata, state
from aircall.concurrency import give_way
from aircall.storage.database import exclusively, first_line

FIRST_STATE = {
    "id": 1, "version": 0, "revision": 0, "indexed_revision": 0, "indexed_number": 0, "fence": 0,
}  # fmt: skip
TABLE = re.compile(rf"{PREFIX}(?:calls|log|search|removed)_(\d+)")

log = logging.getLogger(__name__)


def prepare_tables(engine: Engine) -> SearchIndex:
    """Make everything ready; the index of searches, for who reads and writes calls."""
    with exclusively(engine) as connection:
        _drop_other_forms(connection)
        metadata.create_all(connection)
        if connection.execute(select(state)).first() is None:
            connection.execute(insert(state).values(FIRST_STATE))
        is_read = connection.execute(select(state.c.synchronised_at)).scalar_one() is not None
        for index in LATE_INDEXES:
            # Who was to make them may have ended before.
            (index.create if is_read else index.drop)(connection, checkfirst=True)
        return SearchIndex(connection)


def make_late_indexes(engine: Engine) -> None:
    """Make the indexes that are left out until the list has been read, where there are none yet.

    PostgreSQL is told to look at the calls: until it has, it does not know which index is worth using.
    """
    for index in LATE_INDEXES:
        with exclusively(engine) as connection:
            index.create(connection, checkfirst=True)
        give_way()
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ANALYZE {calls.name}")


def _drop_other_forms(connection: Connection) -> None:
    for name in inspect(connection).get_table_names():
        form = TABLE.fullmatch(name)
        if form and int(form[1]) != FORM:
            _try_to_drop(connection, name)


def _try_to_drop(connection: Connection, name: str) -> None:
    # Somebody may look at it, or have made a view of it: it is in nobody's way.
    quote = connection.dialect.identifier_preparer.quote
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"DROP TABLE {quote(name)}")
    except DBAPIError as error:
        log.warning("The table %s of another version cannot be dropped: %s", name, first_line(error))
