"""What changes in one process is told to every other, after it is stored."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from aircall.team.directory_query import Name
from aircall.team.feed import MAX_NUMBERS, TeamChange, Topic
from aircall.team.imports import Resolution
from aircall.team.service import Team
from tests.integration.cluster.peer import Peer
from tests.integration.team.people import ANN, API, PARIS, PARIS_KEY, StillInstant, draft, seen
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until


@pytest.fixture
def peers(redis: RedisServer) -> Iterator[list[Peer]]:
    """The parts of two processes that share a Redis."""
    peers = [Peer(redis.url), Peer(redis.url)]
    for peer in peers:
        peer.start()
    for peer in peers:
        peer.wait_for_contact()
    yield peers
    for peer in peers:
        peer.stop()


def test_other_processes_hear_of_names_and_claims(peers: list[Peer], database: Engine) -> None:
    here, there = (Team.open(database, API, peer.bus, clock=StillInstant()) for peer in peers)
    heard: list[TeamChange] = []
    there.feed.subscribe(heard.append)

    here.directory.create(draft("Marie"), ANN)
    here.claims.take(PARIS, ANN)

    wait_until(lambda: len(heard) == 2, what="two changes")
    assert [(change.topic, change.numbers) for change in heard] == [
        (Topic.DIRECTORY, (PARIS_KEY,)),
        (Topic.CLAIMS, (PARIS_KEY,)),
    ]
    assert [change.revision for change in heard] == [
        there.database.revision_of(Topic.DIRECTORY).read(),
        there.database.revision_of(Topic.CLAIMS).read(),
    ]


def test_what_is_told_can_be_read_already(team: Team) -> None:
    read: list[str] = []
    team.feed.subscribe(lambda change: read.extend(one.name for one in names_of(team, change)))

    entry = team.directory.create(draft("Marie"), ANN)
    team.directory.edit(seen(entry), draft("Zoé"), ANN)

    assert read == ["Marie", "Zoé"]


def test_a_great_change_is_told_as_one_of_any_number(team: Team, told: list[TeamChange]) -> None:
    rows = "\n".join(f"+3360000{place:04},Name" for place in range(MAX_NUMBERS + 1))
    data = f"number,name\n{rows}".encode()

    team.imports.import_(data, team.imports.preview(data).fingerprint, Resolution.KEEP, ANN)

    assert [change.numbers for change in told] == [None]


def names_of(team: Team, change: TeamChange) -> list[Name]:
    return list(team.directory.names(change.numbers or ()).values())
