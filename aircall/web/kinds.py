"""Kinds of calls as people see them, each with one name everywhere: in rows, filter, charts and export.

The API knows a type and a direction. An outbound call that nobody answered is not one that we missed, and a
voicemail that we left is not one for us, so these are kinds of their own.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from aircall.models import UNKNOWN, Call
from aircall.web.i18n import lazy_gettext, lazy_pgettext, marked_plural, ngettext

INBOUND = ("inbound", UNKNOWN)
OUTBOUND = ("outbound",)


# Compared by identity: these below are the only ones.
@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Kind:
    """A kind of call: those of this type, in one of these directions.

    `name` is for CSS classes, and `value` for the filter `type` of a URL; it is empty if none selects exactly
    this kind. `label` is short, `title` stands alone, and `many` names several; all are translated when
    rendered, as are `counted`, singular and plural with a number.
    """

    name: str
    value: str
    label: str
    title: str
    many: str
    icon: str
    counted: tuple[str, str]
    call_type: str
    directions: tuple[str, ...]

    def count(self, number: int, shown: str) -> str:
        """Return `4 missed` for this number, which is `shown`."""
        return ngettext(*self.counted, number, number=shown)


INCOMING = Kind(
    name="incoming",
    value="incoming",
    label=lazy_gettext("Incoming"),
    title=lazy_gettext("Incoming call"),
    many=lazy_pgettext("several calls", "Incoming"),
    icon="phone-incoming",
    counted=marked_plural("%(number)s incoming", "%(number)s incoming"),
    call_type="answered",
    directions=("inbound",),
)
OUTGOING = Kind(
    name="outgoing",
    value="outgoing",
    label=lazy_gettext("Outgoing"),
    title=lazy_gettext("Outgoing call"),
    many=lazy_pgettext("several calls", "Outgoing"),
    icon="phone-outgoing",
    counted=marked_plural("%(number)s outgoing", "%(number)s outgoing"),
    call_type="answered",
    directions=OUTBOUND,
)
ANSWERED = Kind(
    name="answered",
    value="",
    label=lazy_gettext("Answered"),
    title=lazy_gettext("Answered call"),
    many=lazy_pgettext("several calls", "Answered"),
    icon="phone",
    counted=marked_plural("%(number)s answered", "%(number)s answered"),
    call_type="answered",
    directions=(UNKNOWN,),
)
MISSED = Kind(
    name="missed",
    value="missed-call",
    label=lazy_gettext("Missed"),
    title=lazy_gettext("Missed call"),
    many=lazy_pgettext("several calls", "Missed"),
    icon="phone-missed",
    counted=marked_plural("%(number)s missed", "%(number)s missed"),
    call_type="missed",
    directions=INBOUND,
)
VOICEMAIL = Kind(
    name="voicemail",
    value="voicemail-received",
    label=lazy_gettext("Voicemail"),
    title=lazy_gettext("Voicemail"),
    many=lazy_pgettext("several calls", "Voicemail"),
    icon="voicemail",
    counted=marked_plural("%(number)s voicemail", "%(number)s voicemails"),
    call_type="voicemail",
    directions=INBOUND,
)
NO_ANSWER = Kind(
    name="unanswered",
    value="no-answer",
    label=lazy_gettext("No answer"),
    title=lazy_gettext("Unanswered call"),
    many=lazy_pgettext("several calls", "No answer"),
    icon="phone-missed",
    counted=marked_plural("%(number)s no answer", "%(number)s no answer"),
    call_type="missed",
    directions=OUTBOUND,
)
VOICEMAIL_LEFT = Kind(
    name="voicemail-left",
    value="voicemail-left",
    label=lazy_gettext("Voicemail left"),
    title=lazy_gettext("Voicemail left"),
    many=lazy_pgettext("several calls", "Voicemail left"),
    icon="mic",
    counted=marked_plural("%(number)s voicemail left", "%(number)s voicemails left"),
    call_type="voicemail",
    directions=OUTBOUND,
)
UNKNOWN_KIND = Kind(
    name="unknown",
    value=UNKNOWN,
    label=lazy_gettext("Unknown"),
    title=lazy_gettext("Call of unknown type"),
    many=lazy_pgettext("several calls", "Unknown"),
    icon="phone",
    counted=marked_plural("%(number)s unknown", "%(number)s unknown"),
    call_type=UNKNOWN,
    directions=("inbound", "outbound", UNKNOWN),
)

# In the order of the charts, from the foot of a bar to its top.
KINDS = (INCOMING, OUTGOING, ANSWERED, MISSED, VOICEMAIL, NO_ANSWER, VOICEMAIL_LEFT, UNKNOWN_KIND)
# Shown only if there are any.
RARE = (ANSWERED, UNKNOWN_KIND)
# What the filter offers, the most wanted first.
OFFERED = (MISSED, VOICEMAIL, INCOMING, OUTGOING, NO_ANSWER, VOICEMAIL_LEFT)
# The API's types, which the filter takes too: kinds of both directions together.
TYPES: Mapping[str, str] = {
    "answered": lazy_gettext("Answered"),
    "missed": lazy_gettext("Missed or no answer"),
    "voicemail": lazy_gettext("Voicemail or voicemail left"),
}
BY_VALUE = {kind.value: kind for kind in KINDS if kind.value}
_BY_PAIR = {(direction, kind.call_type): kind for kind in KINDS for direction in kind.directions}


def kind(call: Call) -> Kind:
    """Return the kind of a call."""
    return _BY_PAIR[call.direction, call.call_type]


def by_kind(numbers: Mapping[tuple[str, str], int]) -> Counter[str]:
    """Sum up numbers by direction and type into numbers by the name of the kind."""
    sums: Counter[str] = Counter()
    for direction_and_type, number in numbers.items():
        sums[_BY_PAIR[direction_and_type].name] += number
    return sums


def type_words(value: str) -> str:
    """Return what calls of this `type` of a URL are called in a sentence."""
    return str(BY_VALUE[value].many if value in BY_VALUE else TYPES.get(value, value)).lower()


def offered_types() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the options of the filter as values and labels: kinds, and types of both directions."""
    return [(kind.value, kind.label) for kind in OFFERED], list(TYPES.items())
