"""People, numbers, and team data opened by a clock of the test's."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from aircall.concurrency import MessageBus
from aircall.models import User
from aircall.team.directory import EntryVersion
from aircall.team.entries import Draft, Entry
from aircall.team.service import Team

API, OTHER_API = "https://api.example", "https://other.example"
ANN, BEN, CAT = (User(id=f"id-{name}", username=name) for name in ("ann", "ben", "cat"))
# Each in two spellings.
PARIS, PARIS_TYPED = "+33189393946", "0033 (0)1 89 39 39 46"
MADRID, MADRID_TYPED = "+34911234567", "+34 911-234-567"
PARIS_KEY, MADRID_KEY = "33189393946", "34911234567"


class StillInstant:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        """Let this time pass: `minutes=5`."""
        self.now += timedelta(**time)


def opened(engine: Engine, instant: StillInstant, api_url: str = API, *, activity_days: int = 365) -> Team:
    """The team data of an API in this database."""
    return Team.open(engine, api_url, MessageBus(), activity_days=activity_days, clock=instant)


def draft(name: str = "Marie Dupont", *numbers: str, company: str = "", kind: str = "caller") -> Draft:
    """What an entry is to say; without a number, one in Paris."""
    return Draft.of(name=name, company=company, kind=kind, numbers=numbers or (PARIS,))


def seen(entry: Entry) -> EntryVersion:
    """This entry as somebody who reads it now sees it."""
    return EntryVersion(entry.id, entry.version)
