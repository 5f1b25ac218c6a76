"""Names of the numbers of a page, kept in memory until the directory changes: most pages ask for the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aircall.storage.database import LruCache, read_revision
from aircall.team.database import TeamDatabase
from aircall.team.directory_query import DirectoryQuery, Name
from aircall.team.feed import Topic

# Pages whose names are kept.
SIZE = 256


@dataclass(frozen=True, slots=True)
class FoundNames:
    """Names by number key, and the directory's revision that they are at least of."""

    revision: int
    by_key: Mapping[str, Name]


class KnownNames:
    """The names of one API's directory."""

    def __init__(self, database: TeamDatabase, directory: DirectoryQuery) -> None:
        self._engine = database.engine
        self._directory = directory
        self._revision_query = database.revision_of(Topic.DIRECTORY)
        self._found = LruCache[Mapping[str, Name]](SIZE)

    @property
    def revision(self) -> int:
        """How many writes of the directory there were, in every process."""
        return read_revision(self._engine, self._revision_query)

    def of(self, numbers: Iterable[str]) -> FoundNames:
        """Return the names of these numbers, in any spelling; callers must not modify them."""
        # Read before the names: a write in between stores newer ones under an outdated revision.
        revision = self.revision
        # Not the keys: that of an extension's key is another one.
        asked = frozenset(numbers)
        found = self._found.get((revision, asked))
        if found is None:
            found = self._directory.names(asked)
            self._found.put((revision, asked), found)
        return FoundNames(revision, found)
