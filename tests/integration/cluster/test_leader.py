"""Who keeps the list: one process, soon another when that one ends, and never two for longer than a lease."""

from collections.abc import Iterator

import pytest

from aircall.cluster.leader import LEASE_TTL, LeaderElection
from aircall.storage.redis import connect
from tests.support.redis_server import RedisServer, running_redis
from tests.support.waiting import wait_until

PREFIX = "test:"


class Candidate:
    """A process that wants to be the owner, and what happened to it."""

    def __init__(self, url: str, *, is_able: bool = True) -> None:
        self.history: list[str] = []
        self._is_able = is_able
        self.ownership = LeaderElection(connect(url), PREFIX, self._gain, lambda: self.history.append("lost"))

    def _gain(self) -> None:
        self.history.append("gained")
        if not self._is_able:
            raise OSError("a full disk")

    @property
    def is_leader(self) -> bool:
        return self.ownership.is_leader


@pytest.fixture
def candidates(redis: RedisServer) -> Iterator[list[Candidate]]:
    """Three of them, one of which is the owner."""
    made = [Candidate(redis.url) for _ in range(3)]
    for candidate in made:
        candidate.ownership.start()
    wait_until(lambda: any(candidate.is_leader for candidate in made), what="an owner")
    yield made
    for candidate in made:
        candidate.ownership.stop()


def owners(candidates: list[Candidate]) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.is_leader]


def test_there_is_one_owner_and_it_stays_while_it_lives(candidates: list[Candidate]) -> None:
    (owner,) = owners(candidates)

    # Longer than a lease: it has been renewed.
    with pytest.raises(AssertionError):
        wait_until(lambda: owners(candidates) != [owner], LEASE_TTL + 1)

    assert sum(len(candidate.history) for candidate in candidates) == 1


def test_an_owner_that_stops_gives_the_lease_back_at_once(candidates: list[Candidate]) -> None:
    (owner,) = owners(candidates)

    owner.ownership.stop()

    assert owner.history == ["gained", "lost"]
    wait_until(lambda: owners(candidates), 2, "another owner")


def test_an_owner_whose_lease_another_has_taken_steps_back(
    candidates: list[Candidate], redis: RedisServer
) -> None:
    (owner,) = owners(candidates)

    redis.execute("DEL", f"{PREFIX}owner")

    wait_until(lambda: owner.history == ["gained", "lost"] or owners(candidates) == [owner], 3)
    wait_until(lambda: len(owners(candidates)) == 1, LEASE_TTL, "one owner")


def test_who_fails_to_take_over_leaves_it_to_another(redis: RedisServer) -> None:
    unable = Candidate(redis.url, is_able=False)
    unable.ownership.start()
    wait_until(lambda: unable.history[:2] == ["gained", "lost"], what="the attempt")
    able = Candidate(redis.url)
    able.ownership.start()

    wait_until(lambda: able.is_leader, 5, "the other one")

    unable.ownership.stop()
    able.ownership.stop()


def test_an_owner_that_cannot_renew_steps_back_before_its_lease_is_over() -> None:
    with running_redis() as server:
        candidate = Candidate(server.url)
        candidate.ownership.start()
        wait_until(lambda: candidate.is_leader, what="the owner")

        server.freeze()
        wait_until(lambda: not candidate.is_leader, LEASE_TTL, "its stepping back")
        server.thaw()

        wait_until(lambda: candidate.is_leader, 2 * LEASE_TTL, "its return")
        candidate.ownership.stop()
    assert candidate.history == ["gained", "lost", "gained", "lost"]


def test_who_took_longer_to_begin_than_the_lease_has_lost_it(redis: RedisServer) -> None:
    begun: list[str] = []

    def begin() -> None:
        # As if another had taken over while this one was held up.
        begun.append("begun")
        redis.execute("SET", f"{PREFIX}owner", "another", "PX", 1000)

    slow = LeaderElection(connect(redis.url), PREFIX, begin, lambda: begun.append("lost"))
    slow.start()

    wait_until(lambda: begun[:2] == ["begun", "lost"], what="its stepping back")
    slow.stop()


def test_an_owner_whom_another_has_overwritten_takes_over_anew(candidates: list[Candidate]) -> None:
    (owner,) = owners(candidates)
    before = [len(candidate.history) for candidate in candidates]

    owner.ownership.force_reelection()

    wait_until(lambda: owner.history[:2] == ["gained", "lost"], what="its stepping back")
    wait_until(lambda: len(owners(candidates)) == 1, LEASE_TTL, "one owner")
    assert sum(len(candidate.history) for candidate in candidates) == sum(before) + 2
