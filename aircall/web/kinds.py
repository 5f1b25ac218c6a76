"""The kinds of call that people tell apart, made of a call's direction and type."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from aircall.models import Call


@dataclass(frozen=True, slots=True)
class Kind:
    """What sort of call it was, for people: `name` is for styles, `label` is short, `title` stands alone."""

    name: str
    label: str
    title: str
    icon: str


INCOMING = Kind("answered", "Incoming", "Incoming call", "phone-incoming")
OUTGOING = Kind("answered", "Outgoing", "Outgoing call", "phone-outgoing")
ANSWERED = Kind("answered", "Answered", "Answered call", "phone")
MISSED = Kind("missed", "Missed", "Missed call", "phone-missed")
NO_ANSWER = Kind("unanswered", "No answer", "Unanswered call", "phone-missed")
VOICEMAIL = Kind("voicemail", "Voicemail", "Voicemail", "voicemail")
UNKNOWN_KIND = Kind("unknown", "Unknown", "Call of unknown type", "phone")

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


def kind(call: Call) -> Kind:
    """What sort of call it was. An outbound call nobody took is not one we missed: it has its own kind."""
    return KINDS.get((call.direction, call.call_type), UNKNOWN_KIND)


def by_kind(sorts: Mapping[tuple[str, str], int]) -> Counter[str]:
    """The numbers of calls by the names of their kinds, the words of the list's rows."""
    numbers: Counter[str] = Counter()
    for sort, number in sorts.items():
        numbers[KINDS.get(sort, UNKNOWN_KIND).name] += number
    return numbers
