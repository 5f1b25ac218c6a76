"""Makes the log's tables where there are none yet, and drops those of earlier forms. Knows no calls."""

import re
import time

from sqlalchemy import Connection, Engine, insert, inspect, select

from aircall.call_search import SearchIndex
from aircall.call_table import FORM, LATE_INDEXES, metadata, state
from aircall.database import exclusively

STATE_ID = 1
TABLE = re.compile(r"(?:calls|call_log|call_search)_(\d+)")


def prepare_tables(engine: Engine) -> SearchIndex:
    """Make everything ready; the index of searches, for who reads and writes calls."""
    with exclusively(engine) as connection:
        _drop_earlier_forms(connection)
        metadata.create_all(connection)
        if connection.execute(select(state)).first() is None:
            connection.execute(insert(state).values(id=STATE_ID, version=0, revision=0, indexed_revision=0))
        if connection.execute(select(state.c.synchronised_at)).scalar_one() is None:
            for index in LATE_INDEXES:
                index.drop(connection, checkfirst=True)
        return SearchIndex(connection)


def make_late_indexes(engine: Engine) -> None:
    """Make the indexes that are left out until the list has been read, where there are none yet."""
    for index in LATE_INDEXES:
        with exclusively(engine) as connection:
            index.create(connection, checkfirst=True)
        # Everybody else has a turn.
        time.sleep(0)


def _drop_earlier_forms(connection: Connection) -> None:
    quote = connection.dialect.identifier_preparer.quote
    for name in inspect(connection).get_table_names():
        form = TABLE.fullmatch(name)
        if form and int(form[1]) < FORM:
            connection.exec_driver_sql(f"DROP TABLE {quote(name)}")
