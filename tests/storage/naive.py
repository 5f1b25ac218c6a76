"""What the log has to answer, by the plainest means: a list, filtered and sorted. Knows no SQL.

The rule for a search: it is found in a note that contains it, whatever the case. If it is written with digits
and the marks that people put between them, it is also found in a number that contains its digits, as they are
or without the zeros that they begin with. The zero of "+33 (0)1" counts nowhere.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from aircall.call_query import CallFilter
from aircall.models import Call

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
MARKS = "+-.()/ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"


def newest_first(calls: Iterable[Call], wanted: CallFilter) -> list[Call]:
    """The wanted ones of these calls, newest first; of the same time, the greater id first."""
    found = [call for call in calls if is_wanted(call, wanted)]
    return sorted(found, key=lambda call: (call.created_at or BEFORE_ALL, call.id), reverse=True)


def is_wanted(call: Call, wanted: CallFilter) -> bool:
    """Whether the call is in the view and passes every filter."""
    return (
        wanted.view in ("all", "archived" if call.is_archived else "inbox")
        and wanted.call_type in ("", call.call_type)
        and wanted.direction in ("", call.direction)
        and wanted.line in ("", call.via)
        and wanted.number in ("", number_of(call))
        and (wanted.since is None or (call.created_at is not None and call.created_at >= wanted.since))
        and (wanted.until is None or (call.created_at is not None and call.created_at < wanted.until))
        and (wanted.search == "" or is_found(call, wanted.search))
    )


def is_found(call: Call, search: str) -> bool:
    """Whether the search finds this call."""
    if any(search.casefold() in note.content.casefold() for note in call.notes):
        return True
    digits = "".join(character for character in without_trunk_zero(search) if character in "0123456789")
    if not digits or any(character not in "0123456789" + MARKS for character in search):
        return False
    forms = {digits, digits.lstrip("0")} - {""}
    written = (call.caller, call.callee, call.via)
    numbers = ["".join(filter(str.isdecimal, without_trunk_zero(number))) for number in written]
    return any(form in number for form in forms for number in numbers)


def number_of(call: Call) -> str:
    """What two spellings of the other side's number have in common."""
    number = call.callee if call.direction == "outbound" else call.caller
    return "".join(filter(str.isdecimal, without_trunk_zero(number))).lstrip("0")


def without_trunk_zero(number: str) -> str:
    """The number without the zero in brackets that is dialled within the country only."""
    return number.replace("(0)", "")
