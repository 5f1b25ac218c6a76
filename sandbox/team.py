"""A week of a believable team: the same people ring several times, and are called back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from sandbox.calls import CallJson, NoteJson, new_call

LINES: Final = (
    "+33176480010", "+33176480020", "+33481900030", "+442038680040", "+442038680050", "+16465550160",
    "+4930767580070", "+34911980080",
)  # fmt: skip
COLLEAGUES: Final = (
    "+33644601101", "+33644601102", "+33644601103", "+447700900104", "+447700900105", "+12125550106",
    "+4915123450107", "+34600110108",
)  # fmt: skip
# Countries of callers, their share of the callers, and the lines that they ring.
COUNTRIES: Final = (
    ("+336", 8, 26, (0, 1, 2)),
    ("+331", 8, 8, (0, 1)),
    ("+4477009", 5, 12, (3, 4)),
    ("+1212555", 4, 6, (5,)),
    ("+49151", 8, 5, (6,)),
    ("+346", 8, 3, (7,)),
)
FRENCH_LINES: Final = frozenset({0, 1, 2})
FRENCH_NOTES: Final = (
    "Rappeler après 14 h, réunion le matin.",
    "Souhaite changer de formule à la fin du mois.",
    "Facture de novembre jamais reçue, renvoyée par mail.",
    "Colis arrivé abîmé : photos demandées.",
    "Demande un devis pour douze postes.",
    "Problème résolu, très contente.",
    "A laissé un message à son assistante.",
    "Veut parler à Camille et à elle seule.",
)
ENGLISH_NOTES: Final = (
    "Call back tomorrow before ten.",
    "Asked for a copy of the last invoice.",
    "Order arrived damaged, replacement promised.",
    "Wants a quote for twelve seats.",
    "Left a message with the assistant.",
    "Login works again after the password reset.",
    "Moves to the yearly plan in January.",
    "Very happy with the new handset 🎉",
)
DAYS = 7
# Streaks of calls that begin on a working day, and on a day of the weekend.
WORKING_DAY, WEEKEND_DAY = 44, 8
OPENS, CLOSES = timedelta(hours=7), timedelta(hours=18)
# So many people ring again and again on the last day.
INSISTENT = 4
ANSWERED, MISSED, VOICEMAIL = "answered", "missed", "voicemail"
ARCHIVED_AFTER = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Person:
    """A caller, with the line that they usually ring, and their colleague at it."""

    number: str
    line: int


@dataclass(slots=True)
class _Story:
    """The calls so far, and what draws the next one."""

    random: Random
    until: datetime
    calls: list[CallJson] = field(default_factory=list)


class TeamCalls:
    """The calls of 60 people with 8 lines in the week before `started_at`, in the order of the API: none."""

    def __init__(self, seed: int, started_at: datetime) -> None:
        random = Random(seed)
        self._people = _people(random)
        story = _Story(random, started_at)
        for day in range(DAYS):
            # Everybody rings on one of the days that are over.
            certain = self._people[day - 1 :: DAYS - 1] if day else ()
            _live_through(story, self._people, certain, started_at - timedelta(days=day))
        _insist(story, self._people[:INSISTENT], started_at)
        random.shuffle(story.calls)
        self._calls = story.calls
        self._index_by_id = {call["id"]: index for index, call in enumerate(story.calls)}

    def __len__(self) -> int:
        return len(self._calls)

    def __getitem__(self, index: int, /) -> CallJson:
        return self._calls[index]

    def index_of(self, call_id: str) -> int | None:
        """Return the index of the call, or None if it is not of this week."""
        return self._index_by_id.get(call_id)

    def arrival(self, random: Random, at: datetime) -> CallJson:
        """Return a new call of one of these people, or of a colleague who calls one of them back."""
        person = _often_the_same(random, self._people)
        is_called_back = random.random() < 0.35
        kind = _outcome(random, 0.7 if is_called_back else 0.45)
        return new_call(random, at, _fields(random, person, kind, is_inbound=not is_called_back))


def _people(random: Random) -> Sequence[Person]:
    people = [
        Person(f"{prefix}{random.randrange(10**digits):0{digits}}", random.choice(lines))
        for prefix, digits, count, lines in COUNTRIES
        for _ in range(count)
    ]
    random.shuffle(people)
    return people


def _often_the_same(random: Random, people: Sequence[Person]) -> Person:
    # Squared, so that some people call often.
    return people[int(random.random() ** 2 * len(people))]


def _live_through(story: _Story, people: Sequence[Person], certain: Sequence[Person], day: datetime) -> None:
    random = story.random
    midnight = day.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    others = (WORKING_DAY if midnight.weekday() < 5 else WEEKEND_DAY) - len(certain)
    for person in (*certain, *(_often_the_same(random, people) for _ in range(others))):
        # The sum of two is rather in the middle of the day.
        share = (random.random() + random.random()) / 2
        _ring(story, person, midnight + OPENS + share * (CLOSES - OPENS))


def _ring(story: _Story, person: Person, at: datetime) -> None:
    """Add an inbound call, and what follows when it is not answered: more attempts, and a call back."""
    random = story.random
    for _ in range(random.choice((1, 1, 2, 3))):
        kind = _outcome(random, 0.55)
        _add(story, person, kind, at, is_inbound=True)
        if kind == ANSWERED:
            return
        at += timedelta(minutes=random.uniform(4, 50))
    while random.random() < 0.6:
        kind = _outcome(random, 0.65)
        _add(story, person, kind, at, is_inbound=False)
        if kind == ANSWERED:
            return
        at += timedelta(minutes=random.uniform(20, 150))


def _insist(story: _Story, people: Sequence[Person], now: datetime) -> None:
    """Let these people ring four times in the last hours, in vain."""
    for person in people:
        at = now - timedelta(minutes=story.random.uniform(2, 12))
        for _ in range(4):
            _add(story, person, story.random.choice((MISSED, MISSED, VOICEMAIL)), at, is_inbound=True)
            at -= timedelta(minutes=story.random.uniform(8, 35))


def _outcome(random: Random, answered: float) -> str:
    return random.choices((ANSWERED, MISSED, VOICEMAIL), (answered, 1 - answered, (1 - answered) * 0.6))[0]


def _add(story: _Story, person: Person, kind: str, at: datetime, *, is_inbound: bool) -> None:
    if at >= story.until:
        return
    random = story.random
    fields = _fields(random, person, kind, is_inbound=is_inbound)
    is_old = story.until - at > ARCHIVED_AFTER
    is_done = random.random() < (0.85 if kind == ANSWERED or not is_inbound else 0.55)
    fields["is_archived"] = is_old and is_done
    fields["notes"] = _notes(random, person, kind, is_inbound=is_inbound)
    fields["id"] = _id(random)
    story.calls.append(new_call(random, at, fields))


def _fields(random: Random, person: Person, kind: str, *, is_inbound: bool) -> dict[str, object]:
    colleague = COLLEAGUES[person.line]
    return {
        "direction": "inbound" if is_inbound else "outbound",
        "call_type": kind,
        "from": person.number if is_inbound else colleague,
        "to": colleague if is_inbound else person.number,
        "via": LINES[person.line],
        "duration": _duration(random, kind),
    }


def _duration(random: Random, kind: str) -> int:
    """Return milliseconds."""
    if kind == MISSED:
        return random.randint(8_000, 45_000)
    if kind == VOICEMAIL:
        return random.randint(9_000, 70_000)
    return int(min(random.lognormvariate(5, 0.8), 1_800) * 1000)


def _notes(random: Random, person: Person, kind: str, *, is_inbound: bool) -> list[NoteJson]:
    share = 0.4 if kind == ANSWERED else 0.1 if is_inbound else 0.25
    if random.random() >= share:
        return []
    texts = FRENCH_NOTES if person.line in FRENCH_LINES else ENGLISH_NOTES
    return [
        {"id": _id(random), "content": text} for text in random.sample(texts, random.choice((1, 1, 1, 2)))
    ]


def _id(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))
