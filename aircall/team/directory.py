"""The directory: names of numbers, compared whatever their spelling. An entry may have several numbers.

An edit names the version that it is based on, so that nobody's words are replaced unseen. The version is the
directory's revision at the last edit: it also differs from every version seen before a backup was restored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import bindparam, delete, insert, update

from aircall.calls.phone_numbers import number_key
from aircall.models import User, to_milliseconds
from aircall.team.activity import Action, Activity, lines_of
from aircall.team.database import TeamDatabase, Write, batches
from aircall.team.directory_query import DirectoryQuery
from aircall.team.entries import (
    Draft,
    EditConflictError,
    Entry,
    NumberTakenError,
    UnknownEntryError,
    merged_texts,
)
from aircall.team.feed import Topic
from aircall.team.tables import entries, numbers


@dataclass(frozen=True, slots=True)
class EntryVersion:
    """The version of an entry that an edit is based on."""

    id: int
    version: int


class Directory(DirectoryQuery):
    """The entries of one API, read and written."""

    def __init__(self, database: TeamDatabase, activity: Activity) -> None:
        super().__init__(database)
        self._activity = activity

    def create(self, draft: Draft, user: User) -> Entry:
        """Add an entry. One that says the same already is returned as it is.

        Raises NumberTakenError if a number belongs to another entry.
        """
        with self._database.writing(Topic.DIRECTORY) as write:
            owner = self._owner(write, draft)
            if owner and _says_the_same(owner, draft):
                return owner
            _check_free(draft, owner)
            entry = self.insert_all(write, [draft], user)[0]
            self._note(write, Action.NAMED, user, draft.keys)
        return entry

    def edit(self, based_on: EntryVersion, draft: Draft, user: User) -> Entry:
        """Change an entry. One that says the same already is returned as it is.

        Raises EditConflictError if it was changed or deleted since, and NumberTakenError if a number belongs
        to another entry.
        """
        with self._database.writing(Topic.DIRECTORY) as write:
            current = self._load(write.connection, based_on.id)
            if current and current.draft == draft:
                return current
            if current is None or current.version != based_on.version:
                raise EditConflictError(draft, current)
            _check_free(draft, self._owner(write, draft, besides=current.id))
            entry = self.replace_all(write, [(current, draft)], user)[0]
            self._note(write, Action.RENAMED, user, {*draft.keys, *current.draft.keys})
        return entry

    def delete(self, based_on: EntryVersion, user: User) -> Entry | None:
        """Delete an entry and return it; None if it is gone. Raises EditConflictError if it was changed."""
        with self._database.writing(Topic.DIRECTORY) as write:
            current = self._load(write.connection, based_on.id)
            if current is None:
                return None
            if current.version != based_on.version:
                raise EditConflictError(None, current)
            self._delete(write, current)
            self._note(write, Action.UNNAMED, user, current.draft.keys)
        return current

    def merge(
        self, kept: EntryVersion, merged: EntryVersion, user: User, choices: Mapping[str, str] | None = None
    ) -> Entry:
        """Make one entry of two, with the numbers of both. `choices` has the text of each field that differs.

        Raises MergeChoiceError for fields without a choice, EditConflictError if one of them was changed,
        UnknownEntryError if one is gone or both are the same, and InvalidEntryError for an unusable choice.
        """
        with self._database.writing(Topic.DIRECTORY) as write:
            one, other = self._seen(write, kept), self._seen(write, merged)
            if one.id == other.id:
                raise UnknownEntryError("An entry cannot be merged with itself.")
            texts = merged_texts(one, other, choices or {})
            draft = Draft.of(**texts, numbers=(*one.numbers, *other.numbers))
            self._delete(write, other)
            entry = self.replace_all(write, [(one, draft)], user)[0]
            self._note(write, Action.MERGED, user, draft.keys)
        return entry

    def insert_all(self, write: Write, drafts: Sequence[Draft], user: User) -> list[Entry]:
        """Insert entries whose numbers are free, in a transaction that was opened for the directory."""
        if not drafts:
            return []
        unsaved = [_entry(0, draft, write, user) for draft in drafts]
        rows = [{"api_id": self._database.api_id, **_values(entry)} for entry in unsaved]
        inserted = insert(entries).returning(entries.c.id, sort_by_parameter_order=True)
        ids = write.connection.scalars(inserted, rows)
        added = [msgspec.structs.replace(entry, id=new) for entry, new in zip(unsaved, ids, strict=True)]
        self._insert_numbers(write, added)
        return added

    def replace_all(self, write: Write, replaced: Sequence[tuple[Entry, Draft]], user: User) -> list[Entry]:
        """Replace what entries say, in a transaction that was opened for the directory."""
        if not replaced:
            return []
        changed = [_entry(current.id, draft, write, user) for current, draft in replaced]
        values = _values(changed[0])
        statement = (
            update(entries)
            .where(entries.c.id == bindparam("entry_id"))
            .values({name: bindparam(f"new_{name}") for name in values})
        )
        rows = [{f"new_{name}": value for name, value in _values(entry).items()} for entry in changed]
        for row, entry in zip(rows, changed, strict=True):
            row["entry_id"] = entry.id
        write.connection.execute(statement, rows)
        for batch in batches([entry.id for entry in changed]):
            write.connection.execute(delete(numbers).where(numbers.c.entry_id.in_(batch)))
        self._insert_numbers(write, changed)
        return changed

    def _insert_numbers(self, write: Write, changed: Iterable[Entry]) -> None:
        rows = [
            {
                "api_id": self._database.api_id,
                "number_key": number_key(number),
                "number": number,
                "entry_id": entry.id,
                "position": position,
            }
            for entry in changed
            for position, number in enumerate(entry.numbers)
        ]
        write.connection.execute(insert(numbers), rows)

    def _delete(self, write: Write, entry: Entry) -> None:
        write.connection.execute(delete(numbers).where(numbers.c.entry_id == entry.id))
        write.connection.execute(delete(entries).where(entries.c.id == entry.id))

    def _owner(self, write: Write, draft: Draft, besides: int = 0) -> Entry | None:
        """Return the first entry but `besides` that one of these numbers belongs to."""
        owners = self.entries_of(write.connection, draft.keys)
        others = (owners[key] for key in draft.keys if key in owners and owners[key].id != besides)
        return next(others, None)

    def _seen(self, write: Write, seen: EntryVersion) -> Entry:
        current = self._load(write.connection, seen.id)
        if current is None:
            raise UnknownEntryError("One of the entries is gone.")
        if current.version != seen.version:
            raise EditConflictError(None, current)
        return current

    def _note(self, write: Write, action: Action, user: User, keys: Iterable[str]) -> None:
        changed = sorted(set(keys))
        self._activity.write(write.connection, lines_of(action, user, write.at, changed))
        write.numbers.update(changed)


def _says_the_same(entry: Entry, draft: Draft) -> bool:
    """Return whether both have the same texts and, in whatever spelling, the same numbers."""
    is_same = msgspec.structs.replace(draft, numbers=entry.numbers) == entry.draft
    return is_same and draft.keys == entry.draft.keys


def _check_free(draft: Draft, owner: Entry | None) -> None:
    if owner:
        raise NumberTakenError(next(key for key in draft.keys if key in owner.draft.keys), owner)


def _entry(entry_id: int, draft: Draft, write: Write, user: User) -> Entry:
    return Entry(
        id=entry_id,
        version=write.revision,
        name=draft.name,
        company=draft.company,
        kind=draft.kind,
        numbers=draft.numbers,
        updated_at=write.at,
        updated_by=user.username,
    )


def _values(entry: Entry) -> dict[str, object]:
    return {
        "version": entry.version,
        "name": entry.name,
        "company": entry.company,
        "kind": entry.kind,
        "words": entry.draft.words,
        "updated_at": to_milliseconds(entry.updated_at),
        "updated_by": entry.updated_by,
    }
