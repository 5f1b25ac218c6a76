"""Finding calls by a part of a number or of a note. Knows SQL; knows nothing of views and pages.

What a search finds is said by `search_condition` alone, which any database can work out call by call. Indexes
of every three characters in a row only make that quick: PostgreSQL uses its own (pg_trgm) unasked, SQLite's
(FTS5) is a table that is kept beside the calls and asked here. It may lag behind: calls that it does not have
yet are looked at one by one, as all are where a search has less than three characters.
"""

import logging
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
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

from aircall.calls.phone_numbers import folded, wanted_spellings
from aircall.calls.tables import FORM, PREFIX, REVISION, calls, state
from aircall.concurrency import yield_control
from aircall.storage.database import RevisionCache, exclusive_transaction

INDEXED_LENGTH = 3
# Where more calls than this may be meant, going through them newest first finds a page of them sooner.
MOST_CANDIDATES = 5000
# So many calls are indexed as they are written. With more, as in a first reading, the index catches up later,
# in steps of so many, between which everybody else has a turn.
MOST_AT_ONCE, STEP = 500, 2000
# What so many searches found is remembered.
MOST_SEARCHES = 32
NAME = f"{PREFIX}search_{FORM}"
# The calls' own table has the texts (content); the index knows only which rows have which three characters.
CREATE = f"""CREATE VIRTUAL TABLE IF NOT EXISTS {NAME} USING fts5(digits, words,
    content='{calls.name}', content_rowid='number', tokenize='trigram case_sensitive 1', detail=none)"""
# Where the index is there already, nobody else tells whether this SQLite knows it.
TRY = f"""SELECT 1 FROM {NAME} WHERE {NAME} MATCH '"abc"' LIMIT 1"""  # noqa: S608  # NAME is ours
CREATE_TRIGRAMS = f"""CREATE INDEX IF NOT EXISTS {calls.name}_search ON {calls.name}
    USING gin (digits gin_trgm_ops, words gin_trgm_ops)"""

log = logging.getLogger(__name__)
# A column with the table's own name takes commands.
_index = table(NAME, column(NAME), column("rowid"), column("digits"), column("words"))
_content = (calls.c.number, calls.c.digits, calls.c.words)


def search_condition(search: str) -> ColumnElement[bool]:
    """What holds for the calls that this search finds: in words in any case, in numbers in any spelling."""
    in_words = calls.c.words.contains(folded(search), autoescape=True)
    return or_(in_words, *(calls.c.digits.contains(form) for form in sorted(wanted_spellings(search))))


class SearchIndex:
    """SQLite's index, made ready where it can be; elsewhere its methods do nothing, and need not.

    Who writes calls tells it in the same transaction: `forget` before rows go, `add` after rows came.
    `catch_up` adds those that were too many for that.
    """

    def __init__(self, connection: Connection) -> None:
        self._engine = connection.engine
        self._cache = RevisionCache(self._engine, REVISION, MOST_SEARCHES)
        self.is_kept = connection.dialect.name == "sqlite" and _is_prepared(connection, CREATE, TRY)
        if self.is_kept:
            _mend(connection)
        if connection.dialect.name == "postgresql":
            _is_prepared(connection, "CREATE EXTENSION IF NOT EXISTS pg_trgm", CREATE_TRIGRAMS)

    def forget(self, connection: Connection, *conditions: ColumnElement[bool]) -> None:
        """The calls for which these conditions hold are about to be deleted."""
        if self.is_kept:
            is_indexed = calls.c.number <= select(state.c.indexed_number).scalar_subquery()
            gone = select(literal("delete"), *_content).where(is_indexed, *conditions)
            names = [NAME, "rowid", "digits", "words"]
            connection.execute(insert(_index).from_select(names, gone))

    def add(self, connection: Connection, row_count: int) -> None:
        """So many calls have just been inserted."""
        if self.is_kept and row_count <= MOST_AT_ONCE:
            _index_next(connection, MOST_AT_ONCE)

    def catch_up(self) -> None:
        """Add all calls that are not in the index yet."""
        is_stale = self.is_kept
        while is_stale:
            with exclusive_transaction(self._engine) as connection:
                is_stale = _index_next(connection, STEP)
            yield_control()

    def match(self, search: str) -> str:
        """What to ask the index for: calls that may be found. Empty where it cannot tell, or need not."""
        forms = {folded(search), *wanted_spellings(search)}
        if not self.is_kept or min(map(len, forms)) < INDEXED_LENGTH:
            return ""
        return " OR ".join(f"({_all_parts(form)})" for form in sorted(forms))

    def candidates(self, search: str) -> list[ColumnElement[bool]]:
        """What holds for the calls that this search finds, where the index knows them and they are few."""
        match = self.match(search)
        if not match:
            return []
        with self._engine.connect() as connection:
            # What comes after it is looked at by itself, also what is indexed meanwhile.
            last = connection.execute(select(state.c.indexed_number)).scalar_one()
        return self._cache.get((search, last), lambda found: _candidates(found, search, match, last))


def _candidates(connection: Connection, search: str, match: str, last: int) -> list[ColumnElement[bool]]:
    for some in (_matching(match), select(calls.c.number).where(calls.c.number > last)):
        few = some.limit(MOST_CANDIDATES + 1).subquery()
        if connection.execute(select(func.count()).select_from(few)).scalar_one() > MOST_CANDIDATES:
            return []
    # As one text, since a thousand rows take Python longer than SQLite.
    found = select(func.json_group_array(calls.c.number)).where(
        calls.c.number.in_(_matching(match)), search_condition(search)
    )
    numbers = func.json_each(connection.execute(found).scalar_one()).table_valued("value")
    since = select(calls.c.number).where(calls.c.number > last, search_condition(search))
    return [calls.c.number.in_(select(numbers.c.value).union_all(since))]


def _matching(match: str) -> Select[Any]:
    return select(_index.c.rowid).where(column(NAME).op("MATCH")(match))


def _all_parts(form: str) -> str:
    parts = {form[start : start + INDEXED_LENGTH] for start in range(len(form) - INDEXED_LENGTH + 1)}
    return " AND ".join('"{}"'.format(part.replace('"', '""')) for part in sorted(parts))


def _is_prepared(connection: Connection, *statements: str) -> bool:
    try:
        with connection.begin_nested():
            for statement in statements:
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        log.warning("Searches will be slow, as the database cannot index them: %s", error.orig)
        return False
    return True


def _index_next(connection: Connection, most: int) -> bool:
    """Index so many more calls, in the order in which they were written. Returns whether there were any."""
    indexed = connection.execute(select(state.c.indexed_number)).scalar_one()
    new = select(*_content).where(calls.c.number > indexed).order_by(calls.c.number).limit(most)
    last = connection.execute(select(func.max(new.subquery().c.number))).scalar_one()
    if last is None:
        return False
    connection.execute(insert(_index).from_select(["rowid", "digits", "words"], new))
    connection.execute(update(state).values(indexed_number=last))
    return True


def _mend(connection: Connection) -> None:
    """Index every call anew if some were written where there was no index, as by an older SQLite."""
    row = connection.execute(select(state)).one()
    if row.indexed_revision != row.revision:
        connection.execute(insert(_index).values({NAME: "rebuild"}))
        last = func.coalesce(select(func.max(calls.c.number)).scalar_subquery(), 0)
        connection.execute(update(state).values(indexed_revision=row.revision, indexed_number=last))
