"""What the chart's bars say. Knows no request and no HTML."""

from collections.abc import Mapping, Sequence

from aircall.web.formatting import Kind, count, counted_calls, listed
from aircall.web.i18n import gettext as _
from aircall.web.i18n import ngettext


def numbers_text(kinds: Sequence[Kind], numbers: Mapping[str, int]) -> str:
    """How many calls there are, and how many of each of these kinds: `4 calls – 3 answered, 1 missed`."""
    calls = counted_calls(sum(numbers.values()))
    parts = [_counted_kind(kind.name, numbers[kind.name]) for kind in kinds if numbers.get(kind.name)]
    return _("%(calls)s – %(kinds)s", calls=calls, kinds=listed(parts)) if parts else calls


def _counted_kind(name: str, number: int) -> str:
    shown = count(number)
    if name == "answered":
        return ngettext("%(number)s answered", "%(number)s answered", number, number=shown)
    if name == "missed":
        return ngettext("%(number)s missed", "%(number)s missed", number, number=shown)
    if name == "voicemail":
        return ngettext("%(number)s voicemail", "%(number)s voicemail", number, number=shown)
    if name == "unanswered":
        return ngettext("%(number)s no answer", "%(number)s no answer", number, number=shown)
    return ngettext("%(number)s unknown", "%(number)s unknown", number, number=shown)
