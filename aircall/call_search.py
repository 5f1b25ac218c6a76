"""Finding calls by a part of a number or of a note. Knows SQL; knows nothing of views and pages.

What a search finds is said by `search_condition` alone, which any database can work out call by call. Indexes
of every three characters in a row only make that quick: PostgreSQL uses its own (pg_trgm) unasked, SQLite's
(FTS5) is a table that is kept beside the calls and asked here. A search for less than three characters looks
at every call.
"""

import logging
from collections.abc import Set
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

from aircall.call_table import FORM, calls, digits_of, state

# A search that has nothing else than these characters is for a number.
NUMBER_CHARACTERS = set("0123456789+-.()/ \u00a0\u202f")
INDEXED_LENGTH = 3
# Where more calls than this may be meant, going through them newest first finds a page of them sooner.
MOST_CANDIDATES = 5000
NAME = f"call_search_{FORM}"
# The calls' own table has the texts (content); the index knows only which rows have which three characters.
CREATE = f"""CREATE VIRTUAL TABLE IF NOT EXISTS {NAME} USING fts5(digits, note_text,
    content='{calls.name}', content_rowid='number', tokenize='trigram case_sensitive 1', detail=none)"""
# Where the index is there already, nobody else tells whether this SQLite knows it.
TRY = f"""SELECT 1 FROM {NAME} WHERE {NAME} MATCH '"abc"' LIMIT 1"""  # noqa: S608 - ours
CREATE_TRIGRAMS = f"""CREATE INDEX IF NOT EXISTS {calls.name}_search ON {calls.name}
    USING gin (digits gin_trgm_ops, note_text gin_trgm_ops)"""

log = logging.getLogger(__name__)
# A column with the table's own name takes commands.
_index = table(NAME, column(NAME), column("rowid"), column("digits"), column("note_text"))
_content = (calls.c.number, calls.c.digits, calls.c.note_text)


def search_condition(search: str) -> ColumnElement[bool]:
    """What holds for the calls that this search finds: in notes in any case, in numbers in any spelling."""
    in_notes = calls.c.note_text.contains(search.casefold(), autoescape=True)
    return or_(in_notes, *(calls.c.digits.contains(form) for form in sorted(_number_forms(search))))


class SearchIndex:
    """SQLite's index, made ready where it can be; elsewhere its methods do nothing, and need not.

    Who writes calls tells it in the same transaction: `forget` before rows go, `add` after rows came.
    """

    def __init__(self, connection: Connection) -> None:
        self.is_kept = connection.dialect.name == "sqlite" and _is_prepared(connection, CREATE, TRY)
        if self.is_kept:
            _catch_up(connection)
        if connection.dialect.name == "postgresql":
            _is_prepared(connection, "CREATE EXTENSION IF NOT EXISTS pg_trgm", CREATE_TRIGRAMS)

    def forget(self, connection: Connection, *conditions: ColumnElement[bool]) -> None:
        """The calls for which these conditions hold are about to be deleted."""
        if self.is_kept:
            gone = select(literal("delete"), *_content).where(*conditions)
            names = [NAME, "rowid", "digits", "note_text"]
            connection.execute(insert(_index).from_select(names, gone))

    def add(self, connection: Connection, after: int) -> None:
        """The calls with row numbers greater than this have just been inserted."""
        if self.is_kept:
            new = select(*_content).where(calls.c.number > after)
            connection.execute(insert(_index).from_select(["rowid", "digits", "note_text"], new))

    def match(self, search: str) -> str:
        """What to ask the index for: calls that may be found. Empty where it cannot tell, or need not."""
        forms = {search.casefold(), *_number_forms(search)}
        if not self.is_kept or min(map(len, forms)) < INDEXED_LENGTH:
            return ""
        return " OR ".join(f"({_all_parts(form)})" for form in sorted(forms))

    def narrowing(self, connection: Connection, search: str) -> list[ColumnElement[bool]]:
        """A condition more for who searches, where the index knows the few calls that may be found."""
        match = self.match(search)
        return [self.candidates(match)] if match and self.are_few(connection, match) else []

    def are_few(self, connection: Connection, match: str) -> bool:
        """Whether few enough calls may be found for the index to be the quick way to them."""
        some = _matching(match).limit(MOST_CANDIDATES + 1).subquery()
        return connection.execute(select(func.count()).select_from(some)).scalar_one() <= MOST_CANDIDATES

    def candidates(self, match: str) -> ColumnElement[bool]:
        """The condition that a call is one of those that may be found."""
        return calls.c.number.in_(_matching(match))


def _matching(match: str) -> Select[Any]:
    return select(_index.c.rowid).where(column(NAME).op("MATCH")(match))


def _all_parts(form: str) -> str:
    parts = {form[start : start + INDEXED_LENGTH] for start in range(len(form) - INDEXED_LENGTH + 1)}
    return " AND ".join('"{}"'.format(part.replace('"', '""')) for part in sorted(parts))


def _number_forms(search: str) -> Set[str]:
    # +33 1 89, 0033 1 89 and 01 89 are one number: what they share is its digits after the zeros.
    digits = digits_of(search) if NUMBER_CHARACTERS.issuperset(search) else ""
    return {digits, digits.lstrip("0")} - {""}


def _is_prepared(connection: Connection, *statements: str) -> bool:
    try:
        with connection.begin_nested():
            for statement in statements:
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        log.warning("Searches will be slow, as the database cannot index them: %s", error.orig)
        return False
    return True


def _catch_up(connection: Connection) -> None:
    """Index every call anew if some were written where there was no index, as by an older SQLite."""
    row = connection.execute(select(state)).one()
    if row.indexed_revision != row.revision:
        connection.execute(insert(_index).values({NAME: "rebuild"}))
        connection.execute(update(state).values(indexed_revision=row.revision))
