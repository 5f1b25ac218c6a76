"""Reading the directory: names of numbers, entries by page, search by words.

Words are folded; all of a search's have to be in name or company, in any order.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from aircall.calls.phone_numbers import number_key, searched_spellings
from aircall.models import clean_text
from aircall.storage.database import RevisionCache
from aircall.team.database import TeamDatabase, batches
from aircall.team.entries import Entry, Kind, fold_name
from aircall.team.feed import Topic
from aircall.team.tables import entries, from_milliseconds, numbers

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
        self._found = RevisionCache(database.engine, database.revision_of(Topic.DIRECTORY))

    def names(self, texts: Iterable[str]) -> dict[str, Name]:
        """Return the names of these numbers, in any spelling, by number key: a query for each 500.

        Not kept in memory: 60,000 names in each process cost more than one query of a page, 1 ms.
        """
        named: dict[str, Name] = {}
        columns = (numbers.c.number_key, entries.c.id, entries.c.name, entries.c.company, entries.c.kind)
        query = select(*columns).join(entries, entries.c.id == numbers.c.entry_id)
        with self._database.engine.connect() as connection:
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
        with self._database.engine.connect() as connection:
            return self._load(connection, entry_id)

    def entry_of(self, number: str) -> Entry | None:
        """Return the entry that this number belongs to, in any spelling."""
        with self._database.engine.connect() as connection:
            entry_id = self.owners(connection, [number_key(number)]).get(number_key(number))
            return None if entry_id is None else self._load(connection, entry_id)

    def page(
        self, search: str = "", kind: Kind | None = None, *, offset: int = 0, limit: int = PAGE_SIZE
    ) -> list[Entry]:
        """Return the matching entries, sorted by name."""
        chosen = self._matching(select(entries.c.id), search, kind).order_by(entries.c.words, entries.c.id)
        with self._database.engine.connect() as connection:
            ids = list(connection.scalars(chosen.offset(offset).limit(limit)))
            found = self.load_all(connection, ids)
        return [found[entry_id] for entry_id in ids if entry_id in found]

    def count(self, search: str = "", kind: Kind | None = None) -> int:
        """Return how many entries match."""
        query = self._matching(select(func.count()).select_from(entries), search, kind)
        return self._found.get(
            ("count", search, kind), lambda connection: int(connection.execute(query).scalar_one())
        )

    def numbers_named(self, search: str, limit: int = MAX_FOUND) -> Sequence[str]:
        """Return the number keys of entries whose name or company has all words of the search, in any order.

        At most `limit` of them; cached as long as the directory stays the same.
        """
        words = _words(search)
        if not words:
            return ()
        query = (
            select(numbers.c.number_key)
            .join(entries, entries.c.id == numbers.c.entry_id)
            .where(self._is_ours(), self._has_words(words))
            .order_by(numbers.c.number_key)
            .limit(limit)
        )
        return self._found.get(("numbers", words, limit), lambda connection: tuple(connection.scalars(query)))

    def all_entries(self) -> Iterator[Entry]:
        """Yield every entry by id; one that is there from start to end comes once, whatever changes."""
        last = 0
        while True:
            query = select(entries.c.id).where(self._is_ours(), entries.c.id > last).order_by(entries.c.id)
            with self._database.engine.connect() as connection:
                ids = list(connection.scalars(query.limit(ENTRIES_AT_ONCE)))
                found = self.load_all(connection, ids)
            if not ids:
                return
            yield from found.values()
            last = ids[-1]

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

    def owners(self, connection: Connection, keys: Iterable[str]) -> dict[str, int]:
        """Return the ids of the entries that these number keys belong to."""
        owners: dict[str, int] = {}
        for batch in batches(set(keys)):
            query = select(numbers.c.number_key, numbers.c.entry_id).where(
                numbers.c.api_id == self._database.api_id, numbers.c.number_key.in_(batch)
            )
            owners.update((row.number_key, row.entry_id) for row in connection.execute(query))
        return owners

    def _load(self, connection: Connection, entry_id: int) -> Entry | None:
        return self.load_all(connection, [entry_id]).get(entry_id)

    def load_all(self, connection: Connection, ids: Sequence[int]) -> dict[int, Entry]:
        """Return the entries by id, in the order of their ids."""
        found: dict[int, Entry] = {}
        for batch in batches(ids):
            texts: dict[int, list[str]] = {}
            of_entries = select(numbers).where(numbers.c.entry_id.in_(batch)).order_by(numbers.c.position)
            for row in connection.execute(of_entries):
                texts.setdefault(row.entry_id, []).append(row.number)
            chosen = select(entries).where(self._is_ours(), entries.c.id.in_(batch)).order_by(entries.c.id)
            for row in connection.execute(chosen):
                found[row.id] = Entry(
                    id=row.id,
                    version=row.version,
                    name=row.name,
                    company=row.company,
                    kind=Kind(row.kind),
                    numbers=tuple(texts.get(row.id, ())),
                    updated_at=from_milliseconds(row.updated_at),
                    updated_by=row.updated_by,
                )
        return found


def _words(search: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fold_name(clean_text(search)).split()))[:MAX_WORDS]
