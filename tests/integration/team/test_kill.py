"""A process that is killed loses nothing that it acknowledged, and leaves nothing half-done."""

import random
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection

import pytest
from sqlalchemy import Engine

from aircall.team.activity import Action
from aircall.team.service import Team
from tests.integration.team.mortal import NAMES, claim, contacts, import_
from tests.integration.team.people import StillInstant, opened

# Each round has a process that dies. In PostgreSQL it takes four times as long, mostly in the server.
ROUNDS = {"sqlite": 100, "postgresql": 25}
# Seconds.
DEADLINE = 60.0
# Words after which a process is killed, and how many seconds later at most.
MOST_WORDS, LONGEST_REST = 4, 0.05
Work = Callable[[str, int, Connection], None]


@pytest.fixture
def chance() -> random.Random:
    """The same moments in each run, as far as the machine allows."""
    return random.Random(15)  # noqa: S311  # no secret


def killed_rounds(database: Engine, work: Work, chance: random.Random) -> Iterator[list[str | int]]:
    """What the process of each round had acknowledged when it was killed, at any moment after some words."""
    context = get_context("forkserver")
    context.set_forkserver_preload([work.__module__])
    url = database.url.render_as_string(hide_password=False)
    for round_ in range(ROUNDS[database.dialect.name]):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(url, round_, theirs), daemon=True)
        process.start()
        theirs.close()
        words: list[str | int] = []
        for _ in range(chance.randint(1, MOST_WORDS)):
            assert ours.poll(DEADLINE), "The process does nothing."
            words.append(ours.recv())
        process.join(chance.random() * LONGEST_REST)
        process.kill()
        process.join(DEADLINE)
        process.close()
        with ours:
            yield [*words, *acknowledged(ours)]


def acknowledged(ours: Connection) -> Iterator[str | int]:
    """What a dead process has said besides."""
    try:
        while True:
            yield ours.recv()
    except (EOFError, OSError):
        # A word may have been cut off.
        return


def test_no_claim_that_was_acknowledged_is_lost(database: Engine, chance: random.Random) -> None:
    team = opened(database, StillInstant())
    told = [key for round_ in killed_rounds(database, claim, chance) for key in round_]

    stored = {one.number_key for one in team.claims.active()}

    assert len(told) >= ROUNDS[database.dialect.name]
    assert set(map(str, told)) <= stored
    # One that was not acknowledged any more is whole or not there.
    assert taken(team) == stored


def test_no_import_that_was_acknowledged_is_lost_or_half_done(
    database: Engine, chance: random.Random
) -> None:
    team = opened(database, StillInstant())
    done = {part for round_ in killed_rounds(database, import_, chance) for part in round_ if part != -1}

    counts = {
        part: len(team.directory.names(contacts(part)[1]))
        for round_ in range(ROUNDS[database.dialect.name])
        for part in range(round_ * 10, round_ * 10 + 10)
    }

    assert done
    assert set(counts.values()) <= {0, NAMES}
    assert all(counts[int(part)] == NAMES for part in done)
    assert team.directory.count() == sum(counts.values())


def taken(team: Team) -> set[str]:
    """The numbers of which the activity says that somebody took them."""
    lines = team.activity.recent(limit=1_000_000)
    return {line.number_key for line in lines if line.action is Action.TAKEN}
