"""Claims: one person has a caller, the other is told; a claim ends by hand, by a call, or by time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine

from aircall.models import User
from aircall.team.activity import Action
from aircall.team.claims import Claim, ClaimedError
from aircall.team.entries import InvalidEntryError
from aircall.team.feed import TeamChange, Topic
from aircall.team.service import Team
from tests.integration.team.people import (
    ANN,
    BEN,
    CAT,
    MADRID,
    MADRID_KEY,
    OTHER_API,
    PARIS,
    PARIS_KEY,
    PARIS_TYPED,
    StillInstant,
    opened,
)


def actions(team: Team, number: str = PARIS) -> list[tuple[Action, User | None, str]]:
    """What the activity tells of a number, oldest first."""
    return [(line.action, line.user, line.detail) for line in reversed(team.activity.of_number(number))]


def test_whoever_takes_a_caller_has_them(team: Team, told: list[TeamChange]) -> None:
    claim = team.claims.take(PARIS_TYPED, ANN)

    assert team.claims.of_numbers([PARIS, MADRID, "anonymous"]) == {PARIS_KEY: claim}
    assert team.claims.active() == team.claims.active(ANN) == [claim]
    assert team.claims.active(BEN) == []
    assert (claim.expires_at - claim.taken_at).total_seconds() == 30 * 60
    assert [(change.topic, change.numbers) for change in told] == [(Topic.CLAIMS, (PARIS_KEY,))]
    assert actions(team) == [(Action.TAKEN, ANN, "")]


def test_the_other_one_is_told_who_has_the_caller(team: Team, told: list[TeamChange]) -> None:
    claim = team.claims.take(PARIS, ANN)

    with pytest.raises(ClaimedError) as refused:
        team.claims.take(PARIS, BEN)

    assert refused.value.claim == claim
    assert team.claims.active() == [claim]
    assert len(told) == len(actions(team)) == 1


def test_a_caller_without_a_number_cannot_be_taken(team: Team) -> None:
    with pytest.raises(InvalidEntryError):
        team.claims.take("anonymous", ANN)


def test_who_takes_a_caller_again_has_them_for_longer(team: Team, instant: StillInstant) -> None:
    first = team.claims.take(PARIS, ANN)
    instant.pass_by(minutes=20)

    second = team.claims.take(PARIS, ANN)

    assert second.taken_at == first.taken_at
    assert (second.expires_at - first.expires_at).total_seconds() == 20 * 60
    assert actions(team) == [(Action.TAKEN, ANN, "")]


def test_taking_over_names_the_person_who_had_the_caller(team: Team) -> None:
    team.claims.take(PARIS, ANN)

    claim = team.claims.take(PARIS, BEN, instead_of=ANN.id)

    assert claim.user == BEN
    assert actions(team) == [(Action.TAKEN, ANN, ""), (Action.TAKEN_OVER, BEN, "ann")]
    # Cat was asked about Ann, who has the caller no more.
    with pytest.raises(ClaimedError) as refused:
        team.claims.take(PARIS, CAT, instead_of=ANN.id)
    assert refused.value.claim == claim


def test_a_claim_is_let_go_by_whoever_has_it(team: Team, told: list[TeamChange]) -> None:
    claim = team.claims.take(PARIS, ANN)

    assert team.claims.let_go(PARIS, BEN) is None
    assert team.claims.let_go(PARIS_TYPED, ANN) == claim
    assert team.claims.let_go(PARIS, ANN) is None

    assert team.claims.active() == []
    assert actions(team) == [(Action.TAKEN, ANN, ""), (Action.LET_GO, ANN, "")]
    assert len(told) == 2


@pytest.mark.parametrize("action", [Action.REACHED, Action.CLOSED])
def test_claims_end_when_the_callers_were_reached_or_archived(
    team: Team, told: list[TeamChange], action: Action
) -> None:
    claims = [team.claims.take(PARIS, ANN), team.claims.take(MADRID, BEN)]

    ended = team.claims.end([PARIS_TYPED, MADRID, "anonymous"], action, CAT)

    assert ended == claims
    assert team.claims.active() == team.claims.end([PARIS], action) == []
    assert told[-1].numbers == (PARIS_KEY, MADRID_KEY)
    assert actions(team)[-1] == (action, CAT, "")


def test_a_call_of_before_does_not_end_a_newer_claim(team: Team, instant: StillInstant) -> None:
    before = instant.now
    instant.pass_by(minutes=1)
    claim = team.claims.take(PARIS, ANN)

    assert team.claims.end([PARIS], Action.REACHED, taken_before=before) == []
    assert team.claims.end([PARIS], Action.REACHED, taken_before=instant.now) == [claim]


def test_a_claim_ends_when_its_time_is_up(team: Team, told: list[TeamChange], instant: StillInstant) -> None:
    claim = team.claims.take(PARIS, ANN)
    instant.pass_by(minutes=29)
    assert team.claims.remove_expired() == []
    instant.pass_by(minutes=1)

    assert team.claims.of_numbers([PARIS]) == {}
    assert team.claims.active() == []
    assert team.claims.let_go(PARIS, ANN) is None
    assert team.claims.remove_expired() == [claim]
    assert team.claims.remove_expired() == []

    assert actions(team) == [(Action.TAKEN, ANN, ""), (Action.EXPIRED, None, "")]
    assert told[-1].numbers == (PARIS_KEY,)


def test_an_expired_claim_that_was_not_removed_yet_is_free(team: Team, instant: StillInstant) -> None:
    team.claims.take(PARIS, ANN)
    instant.pass_by(minutes=45)

    assert team.claims.take(PARIS, BEN).user == BEN

    assert actions(team) == [(Action.TAKEN, ANN, ""), (Action.EXPIRED, None, ""), (Action.TAKEN, BEN, "")]


def test_claims_belong_to_one_api(database: Engine, instant: StillInstant) -> None:
    team, other = opened(database, instant), opened(database, instant, OTHER_API)
    team.claims.take(PARIS, ANN)

    assert other.claims.take(PARIS, BEN).user == BEN
    assert other.claims.end([PARIS], Action.CLOSED)[0].user == BEN
    assert [claim.user for claim in team.claims.active()] == [ANN]


def test_of_two_who_take_a_caller_in_the_same_moment_one_has_them(
    database: Engine, instant: StillInstant
) -> None:
    # As two processes, each with its own connections.
    teams = {user.id: opened(database, instant) for user in (ANN, BEN)}
    start = Barrier(2)

    def take(user: User, number: str) -> Claim | ClaimedError:
        start.wait()
        try:
            return teams[user.id].claims.take(number, user)
        except ClaimedError as refused:
            return refused

    with ThreadPoolExecutor(2) as pool:
        for number in (f"+336000000{place:02}" for place in range(50)):
            outcomes = list(pool.map(take, (ANN, BEN), (number, number)))

            won = [outcome for outcome in outcomes if isinstance(outcome, Claim)]
            lost = [outcome.claim for outcome in outcomes if isinstance(outcome, ClaimedError)]
            assert len(won) == 1
            assert lost == won
            assert teams[ANN.id].claims.of_numbers([number]) == {won[0].number_key: won[0]}
            assert actions(teams[BEN.id], number) == [(Action.TAKEN, won[0].user, "")]


def test_a_message_of_another_api_or_version_is_not_told(team: Team, told: list[TeamChange]) -> None:
    bus = team.feed.bus
    bus.send("team", "not JSON")
    bus.send("team", f'{{"api_url":"{OTHER_API}","topic":"claims","revision":1,"numbers":["{MADRID_KEY}"]}}')

    assert told == []
