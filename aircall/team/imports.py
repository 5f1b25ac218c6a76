"""A file of contacts into the directory, in two steps: a preview, then the import, all of it or nothing.

The preview and the import compute the same plan. Its fingerprint tells whether what is about to be done is
what the user was shown, however the directory changed in between.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from aircall.concurrency import yield_control
from aircall.models import User
from aircall.team.activity import Action, Activity, ActivityLine, lines_of
from aircall.team.csv_contacts import Contact, ContactFileError, decoded, read_csv
from aircall.team.database import TeamDatabase, Write
from aircall.team.directory import Directory
from aircall.team.entries import (
    MAX_NUMBERS,
    Draft,
    Entry,
    FieldProblem,
    InvalidEntryError,
    Kind,
    Problem,
    TeamError,
)
from aircall.team.feed import Topic
from aircall.team.vcards import is_vcards, read_vcards

# Bytes. 20,000 names take 1.5 MB; the rest is for pictures in vCards.
MAX_FILE = 16 * 1024 * 1024
# SQLite is blocked for 1.5 s by so many; more go into several files.
MAX_CONTACTS = 20_000
# Contacts that are read before other requests get a turn.
READ_AT_ONCE = 500
FIELDS = ("name", "company", "kind", "numbers")
TOO_MANY = (FieldProblem("number", Problem.TOO_MANY),)


class Resolution(StrEnum):
    """Which texts count where file and directory differ. The numbers of both are kept in any case."""

    KEEP = "keep"
    REPLACE = "replace"


class FileProblem(NamedTuple):
    """Why a contact of the file is left out.

    `reason` is "invalid" (`problems` says why), "malformed", "duplicate" (of the contact at `other_line`,
    with other texts) or "several_entries" (its numbers belong to more than one entry).
    """

    line: int
    reason: str
    problems: tuple[FieldProblem, ...] = ()
    other_line: int = 0


@dataclass(frozen=True, slots=True)
class ContactChange:
    """A contact that differs from the entry of its numbers. `draft` is the entry with the file's texts.

    `fields` differ: `name`, `company`, `kind`, or `numbers` where the file has more of them.
    """

    line: int
    entry: Entry
    draft: Draft
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do. Hand `fingerprint` to it."""

    fingerprint: str
    new: Sequence[tuple[int, Draft]]
    changed: Sequence[ContactChange]
    unchanged_count: int
    errors: Sequence[FileProblem]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did."""

    added_count: int
    replaced_count: int
    kept_count: int
    unchanged_count: int
    error_count: int


class PreviewOutdatedError(TeamError):
    """The import would do something else than what was previewed: `preview` is what it would do now."""

    def __init__(self, preview: Preview) -> None:
        super().__init__("The directory was changed since the preview.")
        self.preview = preview


@dataclass(slots=True)
class _Read:
    """The usable contacts of a file, each number in one of them, and the problems of all others."""

    contacts: list[tuple[Contact, Draft]] = field(default_factory=list)
    problems: list[FileProblem] = field(default_factory=list)
    # Place in `contacts` by number key.
    places: dict[str, int] = field(default_factory=dict)


class DirectoryImport:
    """Imports of one API's directory."""

    def __init__(self, database: TeamDatabase, directory: Directory, activity: Activity) -> None:
        self._database = database
        self._directory = directory
        self._activity = activity

    def preview(self, data: bytes, kind: Kind = Kind.CALLER) -> Preview:
        """Return what the import of this file, CSV or vCard, would do; `kind` is for new entries without one.

        Raises ContactFileError if the file cannot be read at all.
        """
        read = _read(data, kind)
        with self._database.engine.connect() as connection:
            return self._plan(connection, data, read, kind)

    def import_(
        self,
        data: bytes,
        fingerprint: str,
        resolution: Resolution,
        user: User,
        *,
        kind: Kind = Kind.CALLER,
        exceptions: Collection[int] = (),
    ) -> ImportResult:
        """Carry out what was previewed, in one transaction; contacts with problems are left out.

        `exceptions` are the lines of changed contacts to which the other resolution applies. Raises
        PreviewOutdatedError, and changes nothing, if the directory was changed so that the plan is another.
        """
        read = _read(data, kind)
        with self._database.writing(Topic.DIRECTORY) as write:
            plan = self._plan(write.connection, data, read, kind)
            if plan.fingerprint != fingerprint:
                raise PreviewOutdatedError(plan)
            added = self._directory.insert_all(write, [draft for _line, draft in plan.new], user)
            replaced_count = self._replace(write, plan, resolution, exceptions, user)
            keys = [key for entry in added for key in entry.draft.keys]
            self._note(write, user, keys, len(added) + replaced_count)
        return ImportResult(
            added_count=len(added),
            replaced_count=replaced_count,
            kept_count=len(plan.changed) - replaced_count,
            unchanged_count=plan.unchanged_count,
            error_count=len(plan.errors),
        )

    def _plan(self, connection: Connection, data: bytes, read: _Read, kind: Kind) -> Preview:
        owners = self._directory.entries_of(connection, read.places)
        new: list[tuple[int, Draft]] = []
        changed: dict[int, ContactChange] = {}
        errors = list(read.problems)
        unchanged_count = 0
        for contact, draft in read.contacts:
            known = {owners[key].id: owners[key] for key in draft.keys if key in owners}
            entry = next(iter(known.values()), None)
            if entry is None:
                new.append((contact.line, draft))
            elif len(known) > 1:
                errors.append(FileProblem(contact.line, "several_entries"))
            elif entry.id in changed:
                errors.append(FileProblem(contact.line, "duplicate", other_line=changed[entry.id].line))
            elif not (change := _change(contact, draft, entry)):
                unchanged_count += 1
            elif len(change.draft.numbers) > MAX_NUMBERS:
                errors.append(FileProblem(contact.line, "invalid", TOO_MANY))
            else:
                changed[entry.id] = change
        errors.sort(key=lambda problem: problem.line)
        return Preview(
            fingerprint=_fingerprint(data, kind, new, changed.values()),
            new=new,
            changed=list(changed.values()),
            unchanged_count=unchanged_count,
            errors=errors,
        )

    def _replace(
        self, write: Write, plan: Preview, resolution: Resolution, exceptions: Collection[int], user: User
    ) -> int:
        replaced: list[tuple[Entry, Draft]] = []
        for change in plan.changed:
            draft, stored = change.draft, change.entry.draft
            if (resolution is Resolution.REPLACE) == (change.line in exceptions):
                draft = msgspec.structs.replace(stored, numbers=draft.numbers)
            if draft != stored:
                replaced.append((change.entry, draft))
        self._directory.replace_all(write, replaced, user)
        self._note(write, user, [key for _entry, draft in replaced for key in draft.keys])
        return len(replaced)

    def _note(self, write: Write, user: User, keys: Collection[str], count: int = 0) -> None:
        lines = lines_of(Action.IMPORTED, user, write.at, keys)
        if count:
            lines.append(ActivityLine(action=Action.IMPORTED, user=user, at=write.at, detail=str(count)))
        self._activity.write(write.connection, lines)
        write.numbers.update(keys)


def _read(data: bytes, kind: Kind) -> _Read:
    read = _Read()
    for count, contact in enumerate(_contacts(data)):
        if count == MAX_CONTACTS:
            raise ContactFileError("too_many")
        if count % READ_AT_ONCE == READ_AT_ONCE - 1:
            yield_control()
        _add(read, contact, kind)
    if not read.contacts and not read.problems:
        raise ContactFileError("empty")
    return read


def _contacts(data: bytes) -> Iterator[Contact]:
    if len(data) > MAX_FILE:
        raise ContactFileError("too_large")
    if not data.strip():
        raise ContactFileError("empty")
    text = decoded(data)
    return read_vcards(text) if is_vcards(text) else read_csv(text)


def _add(read: _Read, contact: Contact, kind: Kind) -> None:
    if contact.problem:
        read.problems.append(FileProblem(contact.line, contact.problem))
        return
    try:
        draft = Draft.of(
            name=contact.name,
            company=contact.company,
            kind=contact.kind or kind,
            numbers=contact.numbers,
        )
    except InvalidEntryError as error:
        read.problems.append(FileProblem(contact.line, "invalid", error.problems))
        return
    places = {read.places[key] for key in draft.keys if key in read.places}
    if not places:
        _place(read, len(read.contacts), contact, draft)
        return
    other, other_draft = read.contacts[place := min(places)]
    is_same = (draft.name, draft.company) == (other_draft.name, other_draft.company)
    if len(places) > 1 or not is_same:
        read.problems.append(FileProblem(contact.line, "duplicate", other_line=other.line))
        return
    try:
        both = Draft.of(
            name=other_draft.name,
            company=other_draft.company,
            kind=other_draft.kind,
            numbers=(*other_draft.numbers, *draft.numbers),
        )
    except InvalidEntryError as error:
        read.problems.append(FileProblem(contact.line, "invalid", error.problems))
        return
    _place(read, place, other, both)


def _place(read: _Read, place: int, contact: Contact, draft: Draft) -> None:
    if place == len(read.contacts):
        read.contacts.append((contact, draft))
    else:
        read.contacts[place] = (contact, draft)
    read.places.update(dict.fromkeys(draft.keys, place))


def _change(contact: Contact, draft: Draft, entry: Entry) -> ContactChange | None:
    """Return how the contact differs from the entry; what the file does not say is no difference."""
    # The entry's spellings and order first.
    numbers = _by_key(entry)
    for key, number in zip(draft.keys, draft.numbers, strict=True):
        numbers.setdefault(key, number)
    wanted = Draft(
        name=draft.name,
        company=draft.company or entry.company,
        kind=draft.kind if contact.kind else entry.kind,
        numbers=tuple(numbers.values()),
    )
    fields = tuple(name for name in FIELDS if getattr(wanted, name) != getattr(entry, name))
    return ContactChange(contact.line, entry, wanted, fields) if fields else None


def _by_key(entry: Entry) -> dict[str, str]:
    return dict(zip(entry.draft.keys, entry.numbers, strict=True))


def _fingerprint(
    data: bytes, kind: Kind, new: Sequence[tuple[int, Draft]], changed: Collection[ContactChange]
) -> str:
    digest = hashlib.sha256(data)
    digest.update(repr((kind, [line for line, _draft in new])).encode())
    digest.update(repr([(change.line, change.entry.id, change.entry.version) for change in changed]).encode())
    return digest.hexdigest()
