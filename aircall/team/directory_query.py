"""Reading the directory: names of numbers, entries by page, search by words.

Words are folded; all of a search's have to be in name or company, in any order.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from aircall.calls.phone_numbers import fold_text, number_key, searched_spellings
from aircall.models import clean_text, from_milliseconds
from aircall.storage.reading import RevisionCache, connected
from aircall.team.database import TeamDatabase, batches
from aircall.team.entries import Entry, Kind
from aircall.team.feed import Topic
from aircall.team.tables import entries, numbers

PAGE_SIZE = 50
# Number keys that a search by name returns: as many as a query of calls can compare.
MAX_FOUND = 1000
# Words of a search. More would only be slower.
MAX_WORDS = 10
# Digits from which on a search also looks into numbers.
MIN_DIGITS = 3
ENTRIES_AT_ONCE = 500


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown in place of a number. `repr` omits the texts."""

    entry_id: int
    name: str
    company: str
    kind: Kind

    def __repr__(self) -> str:
        return f"Name(entry_id={self.entry_id!r}, kind={self.kind!r})"


class DirectoryQuery:
    """The entries of one API, read."""

    def __init__(self, database: TeamDatabase) -> None:
        self._database = database
        self._found = RevisionCache(database.revision_of(Topic.DIRECTORY))

    def names(self, texts: Iterable[str]) -> dict[str, Name]:
        """Return the names of these numbers, in any spelling, by number key: a query for each 500.

        Not kept in memory: 60,000 names in each process cost more than one query of a page, 1 ms.
        """
        named: dict[str, Name] = {}
        columns = (numbers.c.number_key, entries.c.id, entries.c.name, entries.c.company, entries.c.kind)
        query = select(*columns).join(entries, entries.c.id == numbers.c.entry_id)
        with connected(self._database.engine) as connection:
            for keys in batches({number_key(text) for text in texts} - {""}):
                chosen = query.where(
                    numbers.c.api_id == self._database.api_id, numbers.c.number_key.in_(keys)
                )
                for row in connection.execute(chosen):
                    kind = Kind(row.kind)
                    named[row.number_key] = Name(
                        entry_id=row.id, name=row.name, company=row.company, kind=kind
                    )
        return named

    def entry(self, entry_id: int) -> Entry | None:
        """Return an entry by its id."""
        with connected(self._database.engine) as connection:
            return self._load(connection, entry_id)

    def entry_of(self, number: str) -> Entry | None:
        """Return the entry that this number belongs to, in any spelling."""
        with connected(self._database.engine) as connection:
            return self.entries_of(connection, [number_key(number)]).get(number_key(number))

    def page(
        self, search: str = "", kind: Kind | None = None, *, offset: int = 0, limit: int = PAGE_SIZE
    ) -> list[Entry]:
        """Return the matching entries, sorted by name."""
        chosen = self._matching(select(entries.c.id), search, kind).order_by(entries.c.words, entries.c.id)
        with connected(self._database.engine) as connection:
            ids = list(connection.scalars(chosen.offset(offset).limit(limit)))
            found = self._load_all(connection, ids)
        return [found[entry_id] for entry_id in ids if entry_id in found]

    def count(self, search: str = "", kind: Kind | None = None) -> int:
        """Return how many entries match."""
        query = self._matching(select(func.count()).select_from(entries), search, kind)
        return self._found.get(
            ("count", search, kind), lambda connection: int(connection.execute(query).scalar_one())
        )

    def numbers_named(self, search: str, limit: int = MAX_FOUND) -> Sequence[str]:
        """Return the number keys of entries whose name or company has all words of the search, in any order.

        At most `limit` of them; cached until the directory changes.
        """
        words = _words(search)
        if not words:
            return ()
        query = self._keys(self._has_words(words)).order_by(numbers.c.number_key).limit(limit)
        return self._found.get(("numbers", words, limit), lambda connection: tuple(connection.scalars(query)))

    def numbers_of(self, *kinds: Kind) -> frozenset[str]:
        """Return the number keys of these kinds, such as our own; cached until the directory changes."""

        def ask(connection: Connection) -> frozenset[str]:
            return frozenset(connection.scalars(self._keys(entries.c.kind.in_(kinds))))

        return self._found.get(("kinds", kinds), ask)

    def all_entries(self) -> Iterator[Entry]:
        """Yield every entry by id; one that is there from start to end comes once, whatever changes."""
        last = 0
        while True:
            query = select(entries.c.id).where(self._is_ours(), entries.c.id > last).order_by(entries.c.id)
            with self._database.engine.connect() as connection:
                ids = list(connection.scalars(query.limit(ENTRIES_AT_ONCE)))
                found = self._load_all(connection, ids)
            if not ids:
                return
            yield from found.values()
            last = ids[-1]

    def _keys(self, wanted: ColumnElement[bool]) -> Select[str]:
        query = select(numbers.c.number_key).join(entries, entries.c.id == numbers.c.entry_id)
        return query.where(self._is_ours(), wanted)

    def _matching(self, query: Select[int], search: str, kind: Kind | None) -> Select[int]:
        query = query.where(self._is_ours())
        if kind:
            query = query.where(entries.c.kind == kind)
        if words := _words(search):
            query = query.where(or_(self._has_words(words), *self._has_digits(search)))
        return query

    def _has_words(self, words: Iterable[str]) -> ColumnElement[bool]:
        # Not LIKE, which ignores case in SQLite and has wildcards.
        position = func.strpos if self._database.engine.dialect.name == "postgresql" else func.instr
        return and_(*(position(entries.c.words, word) > 0 for word in words))

    def _has_digits(self, search: str) -> list[ColumnElement[bool]]:
        typed = {spelling.lstrip("+0") for spelling in searched_spellings(search)}
        return [
            entries.c.id.in_(
                select(numbers.c.entry_id).where(
                    numbers.c.api_id == self._database.api_id,
                    numbers.c.number_key.contains(digits, autoescape=True),
                )
            )
            for digits in sorted(typed)
            if len(digits) >= MIN_DIGITS
        ]

    def _is_ours(self) -> ColumnElement[bool]:
        return entries.c.api_id == self._database.api_id

    def entries_of(self, connection: Connection, keys: Iterable[str]) -> dict[str, Entry]:
        """Return the entries that these number keys belong to, by those keys."""
        found: dict[str, Entry] = {}
        for batch in batches(set(keys)):
            owners = select(numbers.c.entry_id).where(
                numbers.c.api_id == self._database.api_id, numbers.c.number_key.in_(batch)
            )
            of_batch = self._read(connection, entries.c.id.in_(owners)).values()
            owned = {key: entry for entry in of_batch for key in entry.draft.keys}
            found |= {key: owned[key] for key in batch if key in owned}
        return found

    def _load(self, connection: Connection, entry_id: int) -> Entry | None:
        return self._read(connection, entries.c.id == entry_id).get(entry_id)

    def _load_all(self, connection: Connection, ids: Sequence[int]) -> dict[int, Entry]:
        """Return the entries by id, in the order of their ids."""
        found: dict[int, Entry] = {}
        for batch in batches(ids):
            found |= self._read(connection, entries.c.id.in_(batch))
        return found

    def _read(self, connection: Connection, wanted: ColumnElement[bool]) -> dict[int, Entry]:
        # In one query: a version with the numbers of another would let an edit replace them unseen.
        query = (
            select(entries, numbers.c.number)
            .join(numbers, numbers.c.entry_id == entries.c.id)
            .where(self._is_ours(), wanted)
            .order_by(entries.c.id, numbers.c.position)
        )
        rows: dict[int, list[Row[Any]]] = {}
        for row in connection.execute(query):
            rows.setdefault(row.id, []).append(row)
        return {entry_id: _entry(of_entry) for entry_id, of_entry in rows.items()}


def _entry(rows: Sequence[Row[Any]]) -> Entry:
    """Return the entry of these rows, one for each of its numbers."""
    first = rows[0]
    return Entry(
        id=first.id,
        version=first.version,
        name=first.name,
        company=first.company,
        kind=Kind(first.kind),
        numbers=tuple(row.number for row in rows),
        updated_at=from_milliseconds(first.updated_at),
        updated_by=first.updated_by,
    )


def _words(search: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fold_text(clean_text(search)).split()))[:MAX_WORDS]
