"""Makes the log's tables where there are none yet, and drops those of earlier forms. Knows no calls."""

import re

from sqlalchemy import Connection, Engine, insert, inspect, select

from aircall.call_search import SearchIndex
from aircall.call_table import FORM, metadata, state
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
        return SearchIndex(connection)


def _drop_earlier_forms(connection: Connection) -> None:
    quote = connection.dialect.identifier_preparer.quote
    for name in inspect(connection).get_table_names():
        form = TABLE.fullmatch(name)
        if form and int(form[1]) < FORM:
            connection.exec_driver_sql(f"DROP TABLE {quote(name)}")
