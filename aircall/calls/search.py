"""Search by part of a number or of a note, with trigram indexes that make it fast.

`search_condition` alone defines what a search finds; any database can evaluate it row by row. PostgreSQL uses
its trigram index (pg_trgm) on its own; it is created after the first full sync, which would take five times
as long to maintain it. SQLite's (FTS5) is a table that is maintained and queried here. It may
lag behind the calls: rows after `indexed_row_version` are scanned. Searches for words of one or two
characters alone scan every row.
"""

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Select,
    and_,
    column,
    func,
    insert,
    literal,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.exc import DBAPIError

from aircall.calls.search_terms import TRIGRAM_LENGTH, Term, Word, search_terms
from aircall.calls.tables import LAST_ROW_VERSION, PREFIX, SCHEMA_VERSION, calls, next_row_versions, state
from aircall.concurrency import yield_control
from aircall.storage.database import LruCache, exclusive_transaction
from aircall.storage.reading import connected

# Rows. With more candidates, scanning the calls from the newest one fills a page sooner.
MAX_CANDIDATES = 5000
# Rows. A larger write, as in the first full sync, is indexed later by `catch_up`.
MAX_IMMEDIATE_ROWS = 500
# Rows that `catch_up` indexes in one transaction.
CATCH_UP_BATCH = 2000
# Searches whose candidates are cached.
CACHED_SEARCHES = 32
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


def search_condition(search: str, rows: FromClause = calls) -> ColumnElement[bool]:
    """Return the condition of this search: each of its terms, in any order."""

    def has(word: Word) -> ColumnElement[bool]:
        in_words = rows.c.words.contains(word.text, autoescape=True)
        return or_(in_words, *(rows.c.digits.contains(form) for form in word.numbers))

    return and_(*(or_(*(and_(*map(has, words)) for words in term)) for term in search_terms(search)))


@dataclass(frozen=True, slots=True)
class Found:
    """The row versions that a search finds up to `last`, a JSON list; None if they are too many."""

    last: int
    row_versions: str | None


class SearchIndex:
    """The search index, if the database supports it: SQLite with FTS5, PostgreSQL with pg_trgm.

    Maintain it in the transaction of each write: `remove` before rows are deleted, `add` after they were
    inserted; PostgreSQL does so itself. Call `catch_up` after large writes and the first full sync.
    """

    def __init__(self, connection: Connection) -> None:
        self._engine = connection.engine
        self._cache = LruCache[Found](CACHED_SEARCHES)
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

    def candidates(self, search: str) -> list[ColumnElement[bool]]:
        """Return the search's condition in terms of row versions; empty if the index is of no use for it."""
        match = self._match_query(search)
        if not match:
            return []
        with connected(self._engine) as connection:
            indexed, last = connection.execute(select(state.c.indexed_row_version, LAST_ROW_VERSION)).one()
            if last - indexed > MAX_CANDIDATES:
                return []
            found = self._found(connection, search, match, indexed)
        return [] if found.row_versions is None else [_is_found(search, found)]

    def _found(self, connection: Connection, search: str, match: str, indexed: int) -> Found:
        """Return what the index finds. A row never changes, so this holds on: later rows are scanned."""
        found = self._cache.get(search)
        if found is None or indexed - found.last > MAX_IMMEDIATE_ROWS:
            found = Found(indexed, _find(connection, search, match))
            self._cache.put(search, found)
        return found

    def _match_query(self, search: str) -> str:
        """Return what the index is asked: the words that it can find; empty if a term has none."""
        if not self.is_maintained:
            return ""
        return " AND ".join(found for term in search_terms(search) if (found := _match_term(term)))


def _match_term(term: Term) -> str:
    alternatives = [" AND ".join(filter(None, map(_match_word, words))) for words in term]
    return f"({' OR '.join(f'({each})' for each in alternatives)})" if all(alternatives) else ""


def _match_word(word: Word) -> str:
    forms = sorted({word.text, *word.numbers})
    if min(map(len, forms)) < TRIGRAM_LENGTH:
        return ""
    return f"({' OR '.join(f'({_all_trigrams(form)})' for form in forms)})"


def _find(connection: Connection, search: str, match: str) -> str | None:
    limited = _matching(match).limit(MAX_CANDIDATES + 1).subquery()
    if connection.execute(select(func.count()).select_from(limited)).scalar_one() > MAX_CANDIDATES:
        return None
    # `json_group_array`: returning one string is faster than 1,000 rows.
    found = select(func.json_group_array(calls.c.row_version)).where(
        calls.c.row_version.in_(_matching(match)), search_condition(search)
    )
    return str(connection.execute(found).scalar_one())


def _is_found(search: str, found: Found) -> ColumnElement[bool]:
    row_versions = func.json_each(found.row_versions).table_valued("value")
    later = select(calls.c.row_version).where(calls.c.row_version > found.last, search_condition(search))
    return calls.c.row_version.in_(select(row_versions.c.value).union_all(later))


def _matching(match: str) -> Select[Any]:
    return select(_index.c.rowid).where(column(INDEX_NAME).op("MATCH")(match))


def _all_trigrams(form: str) -> str:
    trigrams = {form[start : start + TRIGRAM_LENGTH] for start in range(len(form) - TRIGRAM_LENGTH + 1)}
    return " AND ".join('"{}"'.format(trigram.replace('"', '""')) for trigram in sorted(trigrams))


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
