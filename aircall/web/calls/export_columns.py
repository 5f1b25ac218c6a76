"""The columns of an exported file: for scripts, the same in every language, or for people, as pages say it.

No cell can be taken for a formula, and no text for a number or a date: docs/decisions/0020-csv-cells.md.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from aircall.csv_cells import guarded, guarded_text
from aircall.models import Call
from aircall.web.formatting import direction, phone
from aircall.web.i18n import LANGUAGES, lazy_gettext, lazy_pgettext, speaking
from aircall.web.i18n import gettext as _
from aircall.web.kinds import kind
from aircall.web.people import CallPeople, People

COLUMNS = ("id", "time", "direction", "type", "from", "to", "line", "duration_seconds", "archived", "notes",
    "name", "company", "line_name", "kind")  # fmt: skip
LABELS = (
    lazy_gettext("When"),
    lazy_gettext("Type"),
    lazy_gettext("Direction"),
    lazy_pgettext("a number", "From"),
    lazy_pgettext("a number", "To"),
    lazy_gettext("Name"),
    lazy_gettext("Company"),
    lazy_gettext("Line"),
    lazy_gettext("Name of the line"),
    lazy_gettext("Duration"),
    lazy_pgettext("one call", "Archived"),
    lazy_gettext("Notes"),
    lazy_gettext("Call ID"),
)
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
SEPARATOR_NAMES = {
    "comma": lazy_gettext("Commas"),
    "semicolon": lazy_gettext("Semicolons"),
    "tab": lazy_gettext("Tabs"),
}
# What spreadsheets expect where the decimal sign is a comma.
USUAL_SEPARATOR = {"fr": "semicolon"}
# Digits of a number without a country code, that are written in pairs: fewer are an extension.
SHORTEST_NATIONAL = 5

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class FileForm:
    """The form of a file: a separator, and the language that it is in, empty for scripts."""

    separator: str = ","
    language: str = ""

    def header(self) -> Row:
        """Return the names of the columns."""
        if not self.language:
            return COLUMNS
        with speaking(self.language):
            return [str(label) for label in LABELS]

    def rows(self, calls: Iterable[Call], people: People, zone: ZoneInfo) -> list[Row]:
        """Return the rows of these calls, in the order of the header."""
        row: Callable[[Call, CallPeople, ZoneInfo], Row] = labeled_row if self.language else plain_row
        with speaking(self.language):
            return [row(call, people.of_call(call), zone) for call in calls]


PLAIN = FileForm()


def chosen_form(args: Mapping[str, str]) -> FileForm:
    """Return the form that a URL asks for: `separator`, and `language` for the names that pages use."""
    language = args.get("language", "")
    separator = SEPARATORS.get(args.get("separator", ""), PLAIN.separator)
    return FileForm(separator, language if language in LANGUAGES else "")


def plain_row(call: Call, people: CallPeople, zone: ZoneInfo) -> Row:
    """Return the cells of a call for scripts; unknown values are empty."""
    counterpart = people.counterpart(call)
    return (
        guarded(call.id),
        call.created_at.astimezone(zone).isoformat(timespec="seconds") if call.created_at else "",
        call.direction,
        call.call_type,
        guarded(call.caller),
        guarded(call.callee),
        guarded(call.via),
        _seconds(call.duration),
        "yes" if call.is_archived else "no",
        guarded_text(_notes(call)),
        guarded_text(counterpart.name if counterpart else ""),
        guarded_text(counterpart.company if counterpart else ""),
        guarded_text(people.line.name if people.line else ""),
        kind(call).value or call.call_type,
    )


def labeled_row(call: Call, people: CallPeople, zone: ZoneInfo) -> Row:
    """Return the cells of a call for people: dates and durations are what a spreadsheet takes for such."""
    counterpart = people.counterpart(call)
    return (
        f"{call.created_at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if call.created_at else "",
        str(kind(call).label),
        direction(call),
        _number(call.caller),
        _number(call.callee),
        guarded_text(counterpart.name if counterpart else ""),
        guarded_text(counterpart.company if counterpart else ""),
        _number(call.via),
        guarded_text(people.line.name if people.line else ""),
        _clock(call.duration),
        _("Yes") if call.is_archived else _("No"),
        guarded_text(_notes(call)),
        guarded(call.id),
    )


def _notes(call: Call) -> str:
    return "\n".join(note.content for note in call.notes)


def _number(text: str) -> str:
    """Return a number so that a spreadsheet takes it for a text, without an apostrophe where it can be."""
    shown = phone(text) if text else ""
    if not re.fullmatch(r"\+?[0-9][0-9 .()/-]*", shown):
        return guarded_text(shown)
    if shown.isdecimal() and len(shown) >= SHORTEST_NATIONAL:
        return " ".join(shown[start : start + 2] for start in range(0, len(shown), 2))
    country, *groups = re.findall(r"\+?[0-9]+", shown)
    if groups and all(len(group) == 3 for group in groups):
        # Groups of three digits are a number where thousands are parted by blanks.
        groups = [*groups[:-2], "".join(groups[-2:])]
    return " ".join([country, *groups]) if groups else guarded_text(shown)


def _seconds(duration: timedelta | None) -> str:
    return "" if duration is None else f"{duration.total_seconds():.3f}".rstrip("0").rstrip(".")


def _clock(duration: timedelta | None) -> str:
    if duration is None:
        return ""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
