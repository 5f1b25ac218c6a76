"""What searches find, kept by row version: the page, its counts and its chart do not search again.

A row never changes, so what was found holds on, and later rows are looked at one by one. Of a search that
finds many calls only some are kept: a page of those is found sooner by reading from the newest call on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    cast,
    column,
    func,
    literal,
    select,
    table,
)

from aircall.calls.search import INDEX_NAME, search_condition
from aircall.calls.search_terms import TRIGRAM_LENGTH, Term, Word, search_terms
from aircall.calls.tables import LAST_ROW_VERSION, calls, state
from aircall.storage.database import TEXT, LruCache
from aircall.storage.reading import connected, read_row

# Calls of a search that are kept; and those that are, if there are more.
MOST_FOUND, SAMPLE = 2000, 1000
# Latest rows that are looked at instead, for a search that no index helps.
SCANNED = 5000
# Later rows after which a search is made again.
MAX_LATER = 500
# Searches that are kept.
KEPT_SEARCHES = 32
# Trigrams of a word, and the characters of a number from its end, that are enough to find few calls: its
# beginning is that of most numbers.
ENOUGH_TRIGRAMS, ENOUGH_DIGITS = 4, 9
# The greatest row version that an index may have, and the greatest one there is.
INDEXED = select(state.c.indexed_row_version.label("indexed"), LAST_ROW_VERSION.label("last"))

_index = table(INDEX_NAME, column("rowid"))


@dataclass(frozen=True, slots=True)
class Found:
    """The row versions that a search finds up to `last`, as a JSON list: all of them, or some."""

    last: int
    row_versions: str
    is_complete: bool


class LookUp(NamedTuple):
    """How many calls may be found, counted up to one more than MOST_FOUND, and those that are.

    Of too many, only some are looked at.
    """

    number: int
    found: list[int]


class FoundCalls:
    """What the searches of one database find. `has_fts`: SQLite's search index is maintained."""

    def __init__(self, engine: Engine, *, has_fts: bool) -> None:
        self._engine = engine
        self._is_postgresql = engine.dialect.name == "postgresql"
        self._has_fts = has_fts
        self._kept = LruCache[Found](KEPT_SEARCHES)

    def candidates(self, search: str) -> list[ColumnElement[bool]]:
        """Return the search's condition in terms of row versions; empty if it finds too many calls."""
        found = self._find(search)
        return [self._is_found(search, found)] if found and found.is_complete else []

    def sample(self, search: str) -> ColumnElement[bool]:
        """Return the condition of some of the calls that a search finds, which are quickly read."""
        found = self._find(search)
        if found is not None:
            return calls.c.row_version.in_(self._listed(found))
        scanned = calls.c.row_version > read_row(self._engine, INDEXED).last - SCANNED
        return and_(scanned, search_condition(search))

    def is_small(self) -> bool:
        """Return whether a sample is made of all calls anyway."""
        return bool(read_row(self._engine, INDEXED).last <= SCANNED)

    def _find(self, search: str) -> Found | None:
        """Return what an index finds; None if there is none for this search."""
        if not search or not (self._is_postgresql or self._has_fts) or not match_query(search):
            return None
        now = read_row(self._engine, INDEXED)
        indexed = now.last if self._is_postgresql else now.indexed
        if now.last - indexed > MOST_FOUND:
            return None
        found = self._kept.get(search)
        if found is None or indexed - found.last > MAX_LATER:
            with connected(self._engine) as connection:
                found = self._read(connection, search, indexed)
            self._kept.put(search, found)
        return found

    def _read(self, connection: Connection, search: str, last: int) -> Found:
        look_up = _look_up_in_postgresql if self._is_postgresql else _look_up_in_fts
        number, found = look_up(connection, search, is_quick=True)
        if number > MOST_FOUND and len(found) < SAMPLE / 2:
            # Others have the same end.
            number, found = look_up(connection, search, is_quick=False)
        is_complete = number <= MOST_FOUND
        kept = found if is_complete else found[:SAMPLE]
        return Found(last, msgspec.json.encode(kept).decode(), is_complete)

    def _is_found(self, search: str, found: Found) -> ColumnElement[bool]:
        later = select(calls.c.row_version).where(calls.c.row_version > found.last, search_condition(search))
        return calls.c.row_version.in_(self._listed(found).union_all(later))

    def _listed(self, found: Found) -> Select[int]:
        if self._is_postgresql:
            array = f"{{{found.row_versions[1:-1]}}}"
            return select(func.unnest(cast(literal(array, TEXT), ARRAY(BigInteger))))
        return select(_values(found.row_versions))


def _look_up_in_fts(connection: Connection, search: str, *, is_quick: bool) -> LookUp:
    match = column(INDEX_NAME).op("MATCH")(match_query(search, is_quick=is_quick))
    limited = select(_index.c.rowid).where(match).limit(MOST_FOUND + 1).subquery()
    # `json_group_array`: returning one string is faster than 1,000 rows.
    text = connection.execute(select(func.json_group_array(limited.c.rowid))).scalar_one()
    candidates = msgspec.json.decode(text, type=list[int])
    if len(candidates) > MOST_FOUND:
        text = msgspec.json.encode(candidates[:SAMPLE]).decode()
    query = select(func.json_group_array(calls.c.row_version)).where(
        calls.c.row_version.in_(select(_values(text))), search_condition(search)
    )
    found = msgspec.json.decode(connection.execute(query).scalar_one(), type=list[int])
    return LookUp(len(candidates), found)


def _look_up_in_postgresql(connection: Connection, search: str, *, is_quick: bool) -> LookUp:
    longest = ENOUGH_DIGITS if is_quick else None
    # The limit keeps the whole condition out, so that the index is asked for the short one.
    candidates = select(calls).where(search_condition(search, longest=longest)).limit(MOST_FOUND + 1)
    rows = candidates.subquery()
    found = func.array_agg(rows.c.row_version).filter(search_condition(search, rows))
    number, row_versions = connection.execute(select(func.count(), found).select_from(rows)).one()
    return LookUp(number, list(row_versions or ()))


def _values(array: str) -> ColumnElement[int]:
    value: ColumnElement[int] = func.json_each(array).table_valued("value").c.value
    return value


def match_query(search: str, *, is_quick: bool = True) -> str:
    """Return what FTS5 is asked: the words that an index can find; empty if a term has none.

    If `is_quick`, not all of their trigrams, which finds a few other calls, too.
    """
    return " AND ".join(found for term in search_terms(search) if (found := _match_term(term, is_quick)))


def _match_term(term: Term, is_quick: bool) -> str:
    alternatives = {_all_of(_match_word(word, is_quick) for word in words) for words in term}
    return _any_of(alternatives) if all(alternatives) else ""


def _match_word(word: Word, is_quick: bool) -> str:
    forms = {word.text, *word.numbers}
    if min(map(len, forms)) < TRIGRAM_LENGTH:
        return ""
    choose = _enough_trigrams if is_quick else _all_trigrams
    return _any_of({_all_of(map(_quoted, sorted(choose(form)))) for form in forms})


def _all_of(queries: Iterable[str]) -> str:
    return " AND ".join(filter(None, queries))


def _any_of(queries: set[str]) -> str:
    return f"({' OR '.join(f'({query})' for query in sorted(queries))})"


def _quoted(trigram: str) -> str:
    return '"{}"'.format(trigram.replace('"', '""'))


def _all_trigrams(form: str) -> set[str]:
    return {form[start : start + TRIGRAM_LENGTH] for start in range(len(form) - TRIGRAM_LENGTH + 1)}


def _enough_trigrams(form: str) -> set[str]:
    """Return some trigrams, from the end, that have each character of a short form."""
    most = ENOUGH_DIGITS if form.lstrip("+").isdigit() else ENOUGH_TRIGRAMS * TRIGRAM_LENGTH
    form = form[-most:]
    starts = range(len(form) - TRIGRAM_LENGTH, -TRIGRAM_LENGTH, -TRIGRAM_LENGTH)
    return {form[max(0, start) : max(0, start) + TRIGRAM_LENGTH] for start in starts}
