"""Entries of the directory: cleaned and checked once, before they are stored; and the errors of team data.

TeamError
├── InvalidEntryError       what was typed cannot be stored; `problems` says which field and why
├── EditConflictError       somebody else has changed the entry since it was read; both versions are given
├── NumberTakenError        the number belongs to another entry; merge the two, or leave it
├── MergeChoiceError        the two entries differ in some fields, and nobody chose yet
├── UnknownEntryError       there is no such entry
├── ClaimedError            somebody else takes care of this caller
├── ContactFileError        a file of contacts cannot be read at all
└── PreviewOutdatedError    what an import would do is not what was previewed
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

import msgspec

from aircall.calls.phone_numbers import fold_text, number_key

# Characters.
MAX_NAME = 120
MAX_COMPANY = 120
MAX_NUMBER = 64
MAX_NUMBERS = 20
# A folded text may be 18 times as long, and PostgreSQL indexes no text of more than 2,700 bytes.
MAX_WORDS = 500
# They turn around what is written beside them, on every page that shows the name.
DIRECTION_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Control characters, lone surrogates, and code points that stand for nothing.
UNSTORABLE_CATEGORIES = frozenset({"Cc", "Cs", "Cn"})
# Nothing is seen of a text of only these: separators, format characters, accents without a letter.
INVISIBLE_CATEGORIES = frozenset({"Zs", "Zl", "Zp", "Cf", "Co", "Mn", "Me"})


class Kind(StrEnum):
    """Whose number it is: an outside caller's, one of our lines', or a colleague's."""

    CALLER = "caller"
    LINE = "line"
    COLLEAGUE = "colleague"


class Problem(StrEnum):
    """Why a text cannot be stored."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    UNDISPLAYABLE = "undisplayable"
    NOT_A_NUMBER = "not_a_number"
    TOO_MANY = "too_many"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A problem of one field: `name`, `company`, `kind` or `number`."""

    field: str
    problem: Problem


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry is to say; build it by `Draft.of`. `repr` omits names and numbers."""

    name: str
    company: str = ""
    kind: Kind = Kind.CALLER
    numbers: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Draft(kind={self.kind!r})"

    @classmethod
    def of(cls, *, name: str, company: str = "", kind: str = Kind.CALLER, numbers: Iterable[str]) -> Self:
        """Clean and check what a user typed. Raises InvalidEntryError, with every problem at once."""
        problems: list[FieldProblem] = []
        draft = cls(
            name=_checked(name, "name", MAX_NAME, problems),
            company=_checked(company, "company", MAX_COMPANY, problems, is_required=False),
            kind=_kind(kind, problems),
            numbers=_numbers(numbers, problems),
        )
        if problems:
            raise InvalidEntryError(problems)
        return draft

    @property
    def keys(self) -> tuple[str, ...]:
        """The number keys, in the order of the numbers."""
        return tuple(number_key(number) for number in self.numbers)

    @property
    def words(self) -> str:
        """Name and company as they are searched and sorted."""
        return fold_text(f"{self.name}\n{self.company}")[:MAX_WORDS]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the directory. `version` changes with every edit; `repr` omits names and numbers."""

    id: int
    version: int
    name: str
    company: str
    kind: Kind
    numbers: tuple[str, ...]
    updated_at: datetime
    updated_by: str

    def __repr__(self) -> str:
        return f"Entry(id={self.id!r}, version={self.version!r}, kind={self.kind!r})"

    @property
    def draft(self) -> Draft:
        """What the entry says."""
        return Draft(name=self.name, company=self.company, kind=self.kind, numbers=self.numbers)


class TeamError(Exception):
    """Base class. The web says it in the reader's language; none repeats what was typed."""


class InvalidEntryError(TeamError):
    """What was typed cannot be stored."""

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(f"{found.field}: {found.problem}" for found in self.problems))


class EditConflictError(TeamError):
    """Somebody else has changed the entry: `draft` is what this person wants, `current` what is stored.

    `draft` is None for a deletion or a merger, `current` if the entry was deleted.
    """

    def __init__(self, draft: Draft | None, current: Entry | None) -> None:
        super().__init__("The entry was changed meanwhile.")
        self.draft = draft
        self.current = current


class NumberTakenError(TeamError):
    """The number with this `key` belongs to `entry`."""

    def __init__(self, key: str, entry: Entry) -> None:
        super().__init__(f"The number belongs to entry {entry.id}.")
        self.key = key
        self.entry = entry


class MergeChoiceError(TeamError):
    """`kept` and `merged` differ in these `fields`, and no choice was given."""

    def __init__(self, kept: Entry, merged: Entry, fields: Iterable[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(f"To choose: {', '.join(self.fields)}")
        self.kept = kept
        self.merged = merged


class UnknownEntryError(TeamError):
    """There is no such entry."""


def cleaned(text: str) -> str:
    """Return the text composed (NFC) and on one line, with single blanks."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def text_problem(text: str, limit: int) -> Problem | None:
    """Return why this cleaned text cannot be stored; None if it can."""
    if len(text) > limit:
        return Problem.TOO_LONG
    categories = {unicodedata.category(char) for char in text}
    if categories & UNSTORABLE_CATEGORIES or DIRECTION_MARKS.search(text):
        return Problem.UNDISPLAYABLE
    return Problem.EMPTY if categories <= INVISIBLE_CATEGORIES else None


def merged_texts(kept: Entry, merged: Entry, choices: Mapping[str, str]) -> dict[str, str]:
    """Return name, company and kind of two entries' merger; an empty company gives way to the other's.

    Raises MergeChoiceError for fields that differ and are not in `choices`.
    """
    texts = {}
    open_fields = []
    for name in ("name", "company", "kind"):
        one, other = str(getattr(kept, name)), str(getattr(merged, name))
        texts[name] = choices.get(name, one or other)
        if name not in choices and one and other and one != other:
            open_fields.append(name)
    if open_fields:
        raise MergeChoiceError(kept, merged, open_fields)
    return texts


def _checked(
    text: str, field: str, limit: int, problems: list[FieldProblem], *, is_required: bool = True
) -> str:
    plain = cleaned(text)
    problem = text_problem(plain, limit) if plain or is_required else None
    if problem:
        problems.append(FieldProblem(field, problem))
    return plain


def _kind(text: str, problems: list[FieldProblem]) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        problems.append(FieldProblem("kind", Problem.UNKNOWN))
        return Kind.CALLER


def _numbers(texts: Iterable[str], problems: list[FieldProblem]) -> tuple[str, ...]:
    """Return the numbers in their order, of those with the same key the first."""
    by_key: dict[str, str] = {}
    found = [plain for text in texts if (plain := cleaned(text))]
    for number in found:
        problem = text_problem(number, MAX_NUMBER)
        if problem is None and not number_key(number):
            problem = Problem.NOT_A_NUMBER
        if problem:
            problems.append(FieldProblem("number", problem))
        else:
            by_key.setdefault(number_key(number), number)
    if not found or len(by_key) > MAX_NUMBERS:
        problems.append(FieldProblem("number", Problem.TOO_MANY if found else Problem.EMPTY))
    return tuple(by_key.values())
