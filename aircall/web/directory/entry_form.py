"""The form of an entry: read from a request, checked, and shown again with what was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from flask import request

from aircall.team.directory import EntryVersion
from aircall.team.entries import (
    MAX_COMPANY,
    MAX_NAME,
    MAX_NUMBER,
    MAX_NUMBERS,
    Draft,
    Entry,
    FieldProblem,
    Kind,
    Problem,
)
from aircall.web.formatting import count
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.login.form_recovery import KeptForm

KINDS: Mapping[str, str] = {
    Kind.CALLER: _l("Caller"),
    Kind.LINE: _l("Our line"),
    Kind.COLLEAGUE: _l("Colleague"),
}
LIMITS = {"name": MAX_NAME, "company": MAX_COMPANY, "number": MAX_NUMBER}
TOO_LONG = {
    "name": _l("The name is longer than %(most)s characters."),
    "company": _l("The company is longer than %(most)s characters."),
    "number": _l("A number is longer than %(most)s characters."),
}
UNDISPLAYABLE = {
    "name": _l("The name has characters that can't be shown."),
    "company": _l("The company has characters that can't be shown."),
    "number": _l("A number has characters that can't be shown."),
}
# Digits of an id or a version. Databases have no greater ones.
MOST_DIGITS = 15


@dataclass(kw_only=True)
class EntryForm:
    """What is typed. `based_on` is the version that an edit changes; None for a new entry."""

    name: str = ""
    company: str = ""
    kind: str = Kind.CALLER
    # One to a line.
    numbers: str = ""
    based_on: EntryVersion | None = None
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_entry(cls, entry: Entry) -> Self:
        """Return a form with what is stored."""
        return cls(
            name=entry.name,
            company=entry.company,
            kind=entry.kind,
            numbers="\n".join(entry.numbers),
            based_on=EntryVersion(entry.id, entry.version),
        )

    @classmethod
    def of_request(cls, entry_id: int | None = None) -> Self:
        """Return what was sent. Without a usable version an edit is based on none, and so conflicts."""
        sent = request.form
        return cls._of(sent.getlist, entry_id)

    @classmethod
    def of_kept(cls, kept: KeptForm, entry_id: int | None = None) -> Self:
        """Return what was sent when the session had ended."""
        return cls._of(lambda name: kept.fields.get(name, []), entry_id)

    @classmethod
    def _of(cls, values: Any, entry_id: int | None) -> Self:
        def first(name: str, default: str = "") -> str:
            return next(iter(values(name)), default)

        return cls(
            name=first("name"),
            company=first("company"),
            kind=first("kind", Kind.CALLER),
            numbers="\n".join(values("number")),
            based_on=None if entry_id is None else EntryVersion(entry_id, whole_number(first("version"))),
        )

    def draft(self) -> Draft:
        """Return the checked entry. Raises InvalidEntryError."""
        return Draft.of(
            name=self.name, company=self.company, kind=self.kind, numbers=self.numbers.splitlines()
        )

    def mark(self, problems: Sequence[FieldProblem]) -> None:
        """Say at each field what is wrong with it."""
        for found in problems:
            self.problems.setdefault(found.field, problem_text(found))


def problem_text(found: FieldProblem) -> str:
    """Return a sentence about why a field cannot be stored."""
    if found.problem is Problem.EMPTY:
        return _("A number is missing.") if found.field == "number" else _("A name is missing.")
    if found.problem is Problem.TOO_LONG:
        return str(TOO_LONG[found.field]) % {"most": count(LIMITS[found.field])}
    if found.problem is Problem.UNDISPLAYABLE:
        return str(UNDISPLAYABLE[found.field])
    if found.problem is Problem.TOO_MANY:
        return _("An entry has at most %(most)s numbers.", most=count(MAX_NUMBERS))
    if found.problem is Problem.NOT_A_NUMBER:
        return _("One line is not a number. Write one number per line.")
    return _("Choose a type.")


def whole_number(text: str) -> int:
    """Return the id or version of a form or URL; 0, which nothing has, if it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0
