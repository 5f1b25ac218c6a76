"""Leader election: there is one leader, soon another one after it ends, and never two beyond a lease."""

from collections.abc import Callable, Iterator

import pytest

from aircall.cluster.leader import LEASE_TTL, RENEW_INTERVAL, LeaderElection
from aircall.storage.redis import connect
from tests.integration.cluster.peer import PREFIX
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

LEASE_KEY = f"{PREFIX}owner"


class Candidate:
    """A process that stands for election, and how often it was elected and demoted."""

    def __init__(
        self, url: str, lease_ttl: float = LEASE_TTL, on_elected: Callable[[], object] = lambda: None
    ) -> None:
        self.history: list[str] = []
        self._start_work = on_elected
        self.election = LeaderElection(
            connect(url), PREFIX, self._on_elected, lambda: self.history.append("demoted"), lease_ttl
        )
        self.election.start()

    def _on_elected(self) -> None:
        self.history.append("elected")
        self._start_work()


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


def test_the_leader_renews_its_lease(candidates: list[Candidate], redis: RedisServer) -> None:
    (leader,) = leaders(candidates)
    nearly_all = LEASE_TTL * 1000 - 500

    wait_until(lambda: redis.execute("PTTL", LEASE_KEY) < nearly_all, what="a lease that passes")
    wait_until(lambda: redis.execute("PTTL", LEASE_KEY) > nearly_all, what="its renewal")

    assert leaders(candidates) == [leader]
    assert sum(len(candidate.history) for candidate in candidates) == 1


def test_a_leader_that_stops_releases_the_lease(candidates: list[Candidate]) -> None:
    (leader,) = leaders(candidates)

    leader.election.stop()

    assert leader.history == ["elected", "demoted"]
    wait_until(lambda: leaders(candidates), LEASE_TTL - 1, "another leader")


def test_a_leader_that_has_lost_its_lease_is_demoted(candidates: list[Candidate], redis: RedisServer) -> None:
    (leader,) = leaders(candidates)

    redis.execute("SET", LEASE_KEY, "another", "PX", 100)

    wait_until(lambda: leader.history[:2] == ["elected", "demoted"], what="its demotion")
    wait_until(lambda: len(leaders(candidates)) == 1, what="one leader")


def fail(_redis: RedisServer) -> None:
    raise OSError("a full disk")


def lose_the_lease(redis: RedisServer) -> None:
    redis.execute("SET", LEASE_KEY, "another", "PX", 1000)


@pytest.mark.parametrize("trouble", [fail, lose_the_lease])
def test_a_leader_that_fails_to_start_or_takes_longer_than_its_lease_makes_room_for_another(
    redis: RedisServer, trouble: Callable[[RedisServer], None]
) -> None:
    troubled = Candidate(redis.url, on_elected=lambda: trouble(redis))
    wait_until(lambda: troubled.history[:2] == ["elected", "demoted"], what="its demotion")
    troubled.election.stop()
    other = Candidate(redis.url)

    wait_until(lambda: other.election.is_leader, LEASE_TTL - 1, "the other leader")

    other.election.stop()


def test_a_leader_that_cannot_renew_its_lease_is_demoted_before_it_expires(own_redis: RedisServer) -> None:
    candidate = Candidate(own_redis.url, lease_ttl=15)
    wait_until(lambda: candidate.election.is_leader, what="the election")

    own_redis.freeze()
    wait_until(lambda: candidate.history == ["elected", "demoted"], what="its demotion")
    own_redis.thaw()

    assert own_redis.execute("EXISTS", LEASE_KEY)
    candidate.election.stop()


def test_a_leader_whose_write_was_fenced_is_elected_anew(candidates: list[Candidate]) -> None:
    (leader,) = leaders(candidates)
    count = sum(len(candidate.history) for candidate in candidates)

    leader.election.force_reelection()

    wait_until(lambda: leader.history[:2] == ["elected", "demoted"], what="its demotion")
    wait_until(lambda: len(leaders(candidates)) == 1, what="one leader")
    assert sum(len(candidate.history) for candidate in candidates) == count + 2


def test_a_request_from_before_the_election_does_not_end_the_term(redis: RedisServer) -> None:
    candidate = Candidate(redis.url)
    candidate.election.force_reelection()
    wait_until(lambda: candidate.election.is_leader, what="the election")

    with pytest.raises(AssertionError):
        wait_until(lambda: candidate.history != ["elected"], 2.5 * RENEW_INTERVAL)

    candidate.election.stop()
