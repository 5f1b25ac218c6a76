"""Search by part of a number or of a note, with trigram indexes that make it fast.

`search_condition` alone defines what a search finds; any database can evaluate it row by row. PostgreSQL uses
its trigram index (pg_trgm) on its own; it is created after the first full sync, which would take five times
as long to maintain it. SQLite's (FTS5) is a table that is maintained here and asked by found.py. It may lag
behind the calls: rows after `indexed_row_version` are scanned. Searches for words of one or two characters
alone scan every row.
"""

import logging

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    and_,
    column,
    insert,
    literal,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.exc import DBAPIError

from aircall.calls.search_terms import Word, search_terms
from aircall.calls.tables import LAST_ROW_VERSION, PREFIX, SCHEMA_VERSION, calls, next_row_versions, state
from aircall.concurrency import yield_control
from aircall.storage.database import exclusive_transaction

# Rows. A larger write, as in the first full sync, is indexed later by `catch_up`.
MAX_IMMEDIATE_ROWS = 500
# Rows that `catch_up` indexes in one transaction.
CATCH_UP_BATCH = 2000
INDEX_NAME = f"{PREFIX}search_{SCHEMA_VERSION}"
# An external content table: the index stores trigrams and row ids, the texts are those of `calls`.
CREATE_INDEX = f"""CREATE VIRTUAL TABLE IF NOT EXISTS {INDEX_NAME} USING fts5(digits, words,
    content='{calls.name}', content_rowid='row_version', tokenize='trigram case_sensitive 1', detail=none)"""
# CREATE IF NOT EXISTS succeeds on an existing index even if this SQLite has no FTS5.
PROBE_INDEX = f"""SELECT 1 FROM {INDEX_NAME} WHERE {INDEX_NAME} MATCH '"abc"' LIMIT 1"""  # noqa: S608  # constants
CREATE_PG_TRGM = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
PG_INDEX = f"{calls.name}_search"
# Writers do not wait for it. If it fails, it leaves an index that is not valid.
CREATE_PG_INDEX = f"""CREATE INDEX CONCURRENTLY {PG_INDEX} ON {calls.name}
    USING gin (digits gin_trgm_ops, words gin_trgm_ops)"""
IS_PG_INDEX_VALID = f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{PG_INDEX}')"  # noqa: S608  # constants

log = logging.getLogger(__name__)
# FTS5 takes its commands ("delete", "rebuild") as inserts into the column named like the table.
_index = table(INDEX_NAME, column(INDEX_NAME), column("rowid"), column("digits"), column("words"))
_indexed_columns = (calls.c.row_version, calls.c.digits, calls.c.words)


def search_condition(
    search: str, rows: FromClause = calls, longest: int | None = None
) -> ColumnElement[bool]:
    """Return the condition of this search: each of its terms, in any order.

    With `longest`, only the ends of numbers, of so many characters, have to be there.
    """

    def has(word: Word) -> ColumnElement[bool]:
        text = word.text[-longest:] if longest and word.numbers else word.text
        ends = {form[-longest:] if longest else form for form in word.numbers}
        in_words = rows.c.words.contains(text, autoescape=True)
        return or_(in_words, *(rows.c.digits.contains(end) for end in sorted(ends)))

    return and_(*(or_(*(and_(*map(has, words)) for words in term)) for term in search_terms(search)))


class SearchIndex:
    """The search index, if the database supports it: SQLite with FTS5, PostgreSQL with pg_trgm.

    Maintain it in the transaction of each write: `remove` before rows are deleted, `add` after they were
    inserted; PostgreSQL does so itself. Call `catch_up` after large writes and the first full sync.
    """

    def __init__(self, connection: Connection) -> None:
        self._engine = connection.engine
        self.is_maintained = connection.dialect.name == "sqlite" and _try_all(
            connection, CREATE_INDEX, PROBE_INDEX
        )
        if self.is_maintained:
            _rebuild_if_outdated(connection)
        self._is_pg_index_wanted = connection.dialect.name == "postgresql" and _try_all(
            connection, CREATE_PG_TRGM
        )
        if self._is_pg_index_wanted and connection.scalar(select(state.c.synced_at)) is None:
            connection.exec_driver_sql(f"DROP INDEX IF EXISTS {PG_INDEX}")

    def remove(self, connection: Connection, *conditions: ColumnElement[bool]) -> None:
        """Remove the calls that match these conditions. Call it before their rows are deleted."""
        if self.is_maintained:
            is_indexed = calls.c.row_version <= select(state.c.indexed_row_version).scalar_subquery()
            removed = select(literal("delete"), *_indexed_columns).where(is_indexed, *conditions)
            columns = [INDEX_NAME, "rowid", "digits", "words"]
            connection.execute(insert(_index).from_select(columns, removed))

    def add(self, connection: Connection, row_count: int) -> None:
        """Index the rows that were just inserted, unless they are too many."""
        if self.is_maintained and row_count <= MAX_IMMEDIATE_ROWS:
            _index_next(connection, MAX_IMMEDIATE_ROWS)

    def catch_up(self) -> None:
        """Index every row that is not in the index yet, in batches; create PostgreSQL's index."""
        if self._is_pg_index_wanted:
            _create_pg_index(self._engine)
            self._is_pg_index_wanted = False
        is_behind = self.is_maintained
        while is_behind:
            with exclusive_transaction(self._engine) as connection:
                is_behind = _index_next(connection, CATCH_UP_BATCH)
            yield_control()


def _try_all(connection: Connection, *statements: str) -> bool:
    """Execute the statements; roll them back, log a warning and return False if one fails."""
    try:
        with connection.begin_nested():
            for statement in statements:
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        log.warning("Searches will be slow, as the database cannot index them: %s", error.orig)
        return False
    return True


def _create_pg_index(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.exec_driver_sql(IS_PG_INDEX_VALID).scalar():
            return
        try:
            connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {PG_INDEX}")
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql(CREATE_PG_INDEX)
        finally:
            # The next user of this connection would have no timeout.
            connection.invalidate()


def _index_next(connection: Connection, limit: int) -> bool:
    """Index up to `limit` more rows, by row version. Return whether there were any."""
    bounds = next_row_versions(connection, state.c.indexed_row_version, limit)
    if bounds is None:
        return False
    after, last = bounds
    new = select(*_indexed_columns).where(calls.c.row_version > after, calls.c.row_version <= last)
    new = new.order_by(calls.c.row_version)
    connection.execute(insert(_index).from_select(["rowid", "digits", "words"], new))
    connection.execute(update(state).values(indexed_row_version=last))
    return True


def _rebuild_if_outdated(connection: Connection) -> None:
    """Rebuild the index if calls were written by a process whose SQLite has no FTS5."""
    row = connection.execute(select(state)).one()
    if row.indexed_revision != row.revision:
        connection.execute(insert(_index).values({INDEX_NAME: "rebuild"}))
        connection.execute(
            update(state).values(indexed_revision=row.revision, indexed_row_version=LAST_ROW_VERSION)
        )
