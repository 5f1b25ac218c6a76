"""What is told of the numbers of a page, kept in memory until it changes: most pages ask for the same."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from aircall.storage.database import LruCache
from aircall.team.claims import Claim, Claims
from aircall.team.database import TeamDatabase
from aircall.team.feed import Topic

# Pages of which it is kept.
SIZE = 256

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What was found by number key, and the topic's revision that it is at least of."""

    revision: int
    by_key: Mapping[str, T]


class Known(Generic[T]):
    """What one topic of an API's team data tells of numbers; `ask` reads it by number key."""

    def __init__(
        self, database: TeamDatabase, topic: Topic, ask: Callable[[Iterable[str]], Mapping[str, T]]
    ) -> None:
        self._revision = database.revision_of(topic)
        self._ask = ask
        self._found = LruCache[Mapping[str, T]](SIZE)

    @property
    def revision(self) -> int:
        """How many writes of the topic there were, in every process."""
        return self._revision.read()

    def of(self, numbers: Iterable[str]) -> Found[T]:
        """Return what is told of these numbers, in any spelling; callers must not modify it."""
        # Read before the data: a write in between stores newer data under an outdated revision.
        revision = self.revision
        # Not the keys: that of an extension's key is another one.
        asked = frozenset(numbers)
        found = self._found.get((revision, asked))
        if found is None:
            found = self._ask(asked)
            self._found.put((revision, asked), found)
        return Found(revision, found)


class KnownClaims(Known[Claim]):
    """The active claims."""

    def __init__(self, database: TeamDatabase, claims: Claims) -> None:
        super().__init__(database, Topic.CLAIMS, claims.of_numbers)
        self._clock = database.clock

    def of(self, numbers: Iterable[str]) -> Found[Claim]:
        """Return the active claims of these numbers, in any spelling."""
        found = super().of(numbers)
        # Time passes without a write.
        now = self._clock()
        active = {key: claim for key, claim in found.by_key.items() if claim.expires_at > now}
        return Found(found.revision, active)
