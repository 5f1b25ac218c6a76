"""Claims of the numbers of a page, kept in memory until one changes: most pages ask for the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aircall.storage.database import LruCache
from aircall.team.claims import Claim, Claims
from aircall.team.database import TeamDatabase
from aircall.team.feed import Topic

# Pages whose claims are kept.
SIZE = 256


@dataclass(frozen=True, slots=True)
class FoundClaims:
    """Active claims by number key, and the revision that they are at least of."""

    revision: int
    by_key: Mapping[str, Claim]


class KnownClaims:
    """The claims of one API."""

    def __init__(self, database: TeamDatabase, claims: Claims) -> None:
        self._database = database
        self._claims = claims
        # Built once: building it takes longer than running it.
        self._revision_query = database.revision_of(Topic.CLAIMS)
        self._found = LruCache[Mapping[str, Claim]](SIZE)

    @property
    def revision(self) -> int:
        """How many writes of claims there were, in every process."""
        with self._database.engine.connect() as connection:
            return int(connection.execute(self._revision_query).scalar_one())

    def of(self, numbers: Iterable[str]) -> FoundClaims:
        """Return the active claims of these numbers, in any spelling."""
        # Read before the claims: a write in between stores newer ones under an outdated revision.
        revision = self.revision
        asked = frozenset(numbers)
        found = self._found.get((revision, asked))
        if found is None:
            found = self._claims.of_numbers(asked)
            self._found.put((revision, asked), found)
        # Time passes without a write.
        now = self._database.clock()
        return FoundClaims(revision, {key: claim for key, claim in found.items() if claim.expires_at > now})
