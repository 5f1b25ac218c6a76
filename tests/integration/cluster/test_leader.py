"""Leader election: there is one leader, soon another one after it ends, and never two beyond a lease."""

from collections.abc import Iterator

import pytest

from aircall.cluster.leader import LEASE_TTL, RENEW_INTERVAL, LeaderElection
from aircall.storage.redis import connect
from tests.integration.cluster.peer import PREFIX
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

LEASE_KEY = f"{PREFIX}owner"


class Candidate:
    """A process that stands for election, and how often it was elected and demoted."""

    def __init__(self, url: str, *, is_broken: bool = False) -> None:
        self.history: list[str] = []
        self._is_broken = is_broken
        self.election = LeaderElection(
            connect(url), PREFIX, self._on_elected, lambda: self.history.append("demoted")
        )
        self.election.start()

    def _on_elected(self) -> None:
        self.history.append("elected")
        if self._is_broken:
            raise OSError("a full disk")


@pytest.fixture
def candidates(redis: RedisServer) -> Iterator[list[Candidate]]:
    """Three candidates, one of which has been elected."""
    candidates = [Candidate(redis.url) for _ in range(3)]
    wait_until(lambda: leaders(candidates), what="a leader")
    yield candidates
    for candidate in candidates:
        candidate.election.stop()


def leaders(candidates: list[Candidate]) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.election.is_leader]


def test_the_leader_renews_its_lease(candidates: list[Candidate]) -> None:
    (leader,) = leaders(candidates)

    with pytest.raises(AssertionError):
        wait_until(lambda: leaders(candidates) != [leader], LEASE_TTL + 1)

    assert sum(len(candidate.history) for candidate in candidates) == 1


def test_a_leader_that_stops_releases_the_lease(candidates: list[Candidate]) -> None:
    (leader,) = leaders(candidates)

    leader.election.stop()

    assert leader.history == ["elected", "demoted"]
    wait_until(lambda: leaders(candidates), 2, "another leader")


def test_a_leader_that_has_lost_its_lease_is_demoted(candidates: list[Candidate], redis: RedisServer) -> None:
    (leader,) = leaders(candidates)

    redis.execute("DEL", LEASE_KEY)

    wait_until(lambda: leader.history == ["elected", "demoted"] or leaders(candidates) == [leader], 3)
    wait_until(lambda: len(leaders(candidates)) == 1, LEASE_TTL, "one leader")


def test_a_leader_that_fails_to_start_releases_the_lease(redis: RedisServer) -> None:
    broken = Candidate(redis.url, is_broken=True)
    wait_until(lambda: broken.history[:2] == ["elected", "demoted"], what="the attempt")
    healthy = Candidate(redis.url)

    wait_until(lambda: healthy.election.is_leader, 5, "the other leader")

    broken.election.stop()
    healthy.election.stop()


def test_a_leader_that_cannot_renew_its_lease_is_demoted_before_it_expires(own_redis: RedisServer) -> None:
    candidate = Candidate(own_redis.url)
    wait_until(lambda: candidate.election.is_leader, what="the election")

    own_redis.freeze()
    wait_until(lambda: not candidate.election.is_leader, LEASE_TTL, "its demotion")
    own_redis.thaw()

    wait_until(lambda: candidate.election.is_leader, 2 * LEASE_TTL, "its return")
    candidate.election.stop()
    assert candidate.history == ["elected", "demoted", "elected", "demoted"]


def test_a_leader_that_took_longer_to_start_than_its_lease_is_demoted(redis: RedisServer) -> None:
    history: list[str] = []

    def lose_the_lease() -> None:
        history.append("elected")
        redis.execute("SET", LEASE_KEY, "another", "PX", 1000)

    slow = LeaderElection(connect(redis.url), PREFIX, lose_the_lease, lambda: history.append("demoted"))
    slow.start()

    wait_until(lambda: history[:2] == ["elected", "demoted"], what="its demotion")
    slow.stop()


def test_a_leader_whose_write_was_fenced_is_elected_anew(candidates: list[Candidate]) -> None:
    (leader,) = leaders(candidates)
    count = sum(len(candidate.history) for candidate in candidates)

    leader.election.force_reelection()

    wait_until(lambda: leader.history[:2] == ["elected", "demoted"], what="its demotion")
    wait_until(lambda: len(leaders(candidates)) == 1, LEASE_TTL, "one leader")
    assert sum(len(candidate.history) for candidate in candidates) == count + 2


def test_a_request_from_before_the_election_does_not_end_the_term(redis: RedisServer) -> None:
    candidate = Candidate(redis.url)
    candidate.election.force_reelection()
    wait_until(lambda: candidate.election.is_leader, what="the election")

    with pytest.raises(AssertionError):
        wait_until(lambda: candidate.history != ["elected"], 2.5 * RENEW_INTERVAL)

    candidate.election.stop()
