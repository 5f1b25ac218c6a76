"""Who did what: lines of a number and of a call, newest first, in pages, for as long as they are kept."""

import pytest
from sqlalchemy import Engine, func, select

from aircall.team import tables
from aircall.team.activity import Action, ActivityLine
from aircall.team.service import Team
from tests.integration.team.people import (
    ANN,
    BEN,
    MADRID,
    OTHER_API,
    PARIS,
    PARIS_KEY,
    PARIS_TYPED,
    StillInstant,
    opened,
)
from tests.support.made_calls import call_id

FIRST, SECOND = call_id(1), call_id(2)


def test_a_call_tells_what_was_done_with_it_and_with_its_caller(team: Team, instant: StillInstant) -> None:
    team.activity.add(Action.ARCHIVED, ANN, number=PARIS, call_id=FIRST)
    instant.pass_by(minutes=1)
    team.activity.add(Action.NOTED, BEN, number=PARIS_TYPED, call_id=SECOND, detail="note-1")
    team.activity.add(Action.TAKEN, BEN, number=PARIS)
    team.activity.add(Action.TAKEN, ANN, number=MADRID)
    team.activity.add(Action.ARCHIVED, ANN, number="anonymous", call_id=call_id(3))

    of_caller = team.activity.of_number(PARIS)
    of_call = team.activity.of_call(FIRST, PARIS)

    assert [line.action for line in of_caller] == [Action.TAKEN, Action.NOTED, Action.ARCHIVED]
    assert [line.action for line in of_call] == [Action.TAKEN, Action.ARCHIVED]
    assert [line.action for line in team.activity.of_call(FIRST)] == [Action.ARCHIVED]
    assert [line.action for line in team.activity.of_call(call_id(3), "anonymous")] == [Action.ARCHIVED]
    assert len(team.activity.recent()) == 5
    assert of_caller[1] == ActivityLine(
        id=of_caller[1].id,
        action=Action.NOTED,
        user=BEN,
        at=instant.now,
        number_key=PARIS_KEY,
        call_id=SECOND,
        detail="note-1",
    )


def test_lines_come_in_pages(team: Team, instant: StillInstant) -> None:
    lines = [
        ActivityLine(action=Action.NOTED, user=ANN, at=instant.now, number_key=PARIS_KEY, detail=str(number))
        for number in range(7)
    ]
    team.activity.add_all(lines)
    found: list[str] = []
    before: int | None = None

    while page := team.activity.of_number(PARIS, before=before, limit=3):
        found += (line.detail for line in page)
        before = page[-1].id

    assert found == ["6", "5", "4", "3", "2", "1", "0"]


def test_a_line_is_kept_for_the_days_of_the_setting(database: Engine, instant: StillInstant) -> None:
    team = opened(database, instant, activity_days=30)
    team.activity.add(Action.TAKEN, ANN, number=PARIS)
    instant.pass_by(days=29)
    team.activity.add(Action.LET_GO, ANN, number=PARIS)
    instant.pass_by(days=2)

    assert [line.action for line in team.activity.recent()] == [Action.LET_GO]
    assert stored_count(database) == 2
    # The next line makes room.
    team.activity.add(Action.TAKEN, BEN, number=PARIS)
    assert stored_count(database) == 2


def test_the_start_removes_all_outdated_lines(database: Engine, instant: StillInstant) -> None:
    for api_url in (OTHER_API, "https://old.example"):
        old = opened(database, instant, api_url)
        old.activity.add_all([ActivityLine(action=Action.TAKEN, user=ANN, at=instant.now)] * 300)
    instant.pass_by(days=366)

    opened(database, instant)

    assert stored_count(database) == 0


def test_a_word_of_a_newer_version_is_left_out(team: Team, database: Engine) -> None:
    team.activity.add(Action.TAKEN, ANN, number=PARIS)
    team.activity.add(Action.LET_GO, ANN, number=PARIS)
    with database.begin() as connection:
        is_newest = tables.activity.c.action == Action.LET_GO
        connection.execute(tables.activity.update().where(is_newest).values(action="teleported"))

    assert [line.action for line in team.activity.of_number(PARIS)] == [Action.TAKEN]


@pytest.mark.parametrize("action", list(Action))
def test_every_action_is_read_as_it_was_written(team: Team, action: Action) -> None:
    team.activity.add(action, None, number=PARIS)

    (line,) = team.activity.recent()
    assert (line.action, line.user) == (action, None)


def stored_count(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(tables.activity)) or 0)
