"""The kinds of call that people tell apart, made of a call's direction and type."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from aircall.models import UNKNOWN, Call
from aircall.web.words import gettext, lazy_gettext, lazy_pgettext


@dataclass(frozen=True, slots=True)
class Kind:
    """What sort of call it was, for people: `name` is for styles, `label` is short, `title` stands alone.

    Both are written in the viewer's language, whenever they are.
    """

    name: str
    label: str
    title: str
    icon: str


INCOMING = Kind("answered", lazy_gettext("Incoming"), lazy_gettext("Incoming call"), "phone-incoming")
OUTGOING = Kind("answered", lazy_gettext("Outgoing"), lazy_gettext("Outgoing call"), "phone-outgoing")
ANSWERED = Kind("answered", lazy_gettext("Answered"), lazy_gettext("Answered call"), "phone")
MISSED = Kind("missed", lazy_gettext("Missed"), lazy_gettext("Missed call"), "phone-missed")
NO_ANSWER = Kind("unanswered", lazy_gettext("No answer"), lazy_gettext("Unanswered call"), "phone-missed")
VOICEMAIL = Kind("voicemail", lazy_gettext("Voicemail"), lazy_gettext("Voicemail"), "voicemail")
UNKNOWN_KIND = Kind("unknown", lazy_gettext("Unknown"), lazy_gettext("Call of unknown type"), "phone")

KINDS: Mapping[tuple[str, str], Kind] = {
    ("inbound", "answered"): INCOMING,
    ("outbound", "answered"): OUTGOING,
    ("unknown", "answered"): ANSWERED,
    ("inbound", "missed"): MISSED,
    ("outbound", "missed"): NO_ANSWER,
    ("unknown", "missed"): MISSED,
    ("inbound", "voicemail"): VOICEMAIL,
    ("outbound", "voicemail"): VOICEMAIL,
    ("unknown", "voicemail"): VOICEMAIL,
}

TYPES = {
    "answered": lazy_gettext("Answered"),
    "missed": lazy_gettext("Missed"),
    "voicemail": lazy_gettext("Voicemail"),
    UNKNOWN: lazy_gettext("Unknown"),
}
DIRECTIONS = {
    "inbound": lazy_pgettext("one call", "inbound"),
    "outbound": lazy_pgettext("one call", "outbound"),
    UNKNOWN: lazy_pgettext("one call", "unknown"),
}


def kind(call: Call) -> Kind:
    """What sort of call it was. An outbound call nobody took is not one we missed: it has its own kind."""
    return KINDS.get((call.direction, call.call_type), UNKNOWN_KIND)


def sort_words(call: Call) -> str:
    """The call's type and direction as the API has them, `Missed, inbound`."""
    return gettext(
        "%(type)s, %(direction)s", type=TYPES[call.call_type], direction=DIRECTIONS[call.direction]
    )


def by_kind(sorts: Mapping[tuple[str, str], int]) -> Counter[str]:
    """The numbers of calls by the names of their kinds, the words of the list's rows."""
    numbers: Counter[str] = Counter()
    for sort, number in sorts.items():
        numbers[KINDS.get(sort, UNKNOWN_KIND).name] += number
    return numbers
