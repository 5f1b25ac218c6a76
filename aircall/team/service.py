"""Everything that people told Callboard about the callers of one API: the parts of this package."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import Engine

from aircall.concurrency import MessageBus
from aircall.team.activity import ACTIVITY_DAYS, Activity
from aircall.team.claims import CLAIM_MINUTES, Claims
from aircall.team.database import Clock, TeamDatabase, utc_now
from aircall.team.directory import Directory
from aircall.team.directory_query import Name
from aircall.team.feed import TeamFeed, Topic
from aircall.team.imports import DirectoryImport
from aircall.team.known import Known, KnownClaims


@dataclass(frozen=True, slots=True)
class Team:
    """The team data of one API."""

    database: TeamDatabase
    feed: TeamFeed
    activity: Activity
    directory: Directory
    known_names: Known[Name]
    imports: DirectoryImport
    claims: Claims
    known_claims: KnownClaims

    @classmethod
    def open(
        cls,
        engine: Engine,
        api_url: str,
        bus: MessageBus,
        *,
        claim_minutes: int = CLAIM_MINUTES,
        activity_days: int = ACTIVITY_DAYS,
        clock: Clock = utc_now,
    ) -> Self:
        """Open the team data of the API at this address. Tables of another version are a DatabaseError."""
        feed = TeamFeed(bus, api_url)
        database = TeamDatabase(engine, api_url, feed, clock)
        activity = Activity(database, activity_days)
        directory = Directory(database, activity)
        claims = Claims(database, activity, claim_minutes)
        return cls(
            database=database,
            feed=feed,
            activity=activity,
            directory=directory,
            known_names=Known(database, Topic.DIRECTORY, directory.names),
            imports=DirectoryImport(database, directory, activity),
            claims=claims,
            known_claims=KnownClaims(database, claims),
        )

    def close(self) -> None:
        """Close the connections to the database."""
        self.database.engine.dispose()
