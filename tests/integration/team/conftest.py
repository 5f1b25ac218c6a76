"""Team data of its own for each test, on SQLite and on PostgreSQL, with a clock that stands still."""

import pytest
from sqlalchemy import Engine

from aircall.team.feed import TeamChange
from aircall.team.service import Team
from tests.integration.team.people import API, StillInstant, opened


@pytest.fixture
def instant() -> StillInstant:
    """The time that the team data lives in."""
    return StillInstant()


@pytest.fixture
def team(database: Engine, instant: StillInstant) -> Team:
    """Team data without anything in it."""
    return opened(database, instant, API)


@pytest.fixture
def told(team: Team) -> list[TeamChange]:
    """The changes that the feed told, in order."""
    changes: list[TeamChange] = []
    team.feed.subscribe(changes.append)
    return changes
