"""Everything that changes of calls need, on the sandbox, and Alice, who is signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from aircall.api.client import ApiClient
from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.calls.feed import Feed
from aircall.calls.replica import Mirror
from aircall.calls.store import CallLog
from aircall.changes.jobs import ArchiveJobs
from aircall.changes.notes import Noting
from aircall.changes.service import Changes
from aircall.concurrency import Signals
from aircall.storage.database import open_database
from aircall.storage.records import EmbeddedStore
from tests.support.sandbox import Sandbox

# Short, so that trouble ends soon: a whole request to the API, and the search for a note of unknown fate.
DEADLINE, LOOK_PAUSE, PATIENCE = 0.6, 0.02, 0.5


@dataclass(frozen=True)
class Team:
    """What changes calls, with one person's login; the databases are `sessions.db` and `calls.db`."""

    changes: Changes
    jobs: ArchiveJobs
    mirror: Mirror
    logins: Logins
    alice: Login
    data_dir: Path


@pytest.fixture
def team(sandbox: Sandbox, tmp_path: Path) -> Iterator[Team]:
    """Changes over an API that is given up on soon."""
    with working(ApiClient(sandbox.url, deadline=DEADLINE), tmp_path) as team:
        yield team


@contextmanager
def working(api: ApiClient, data_dir: Path) -> Iterator[Team]:
    """Changes over this API, which is closed at the end."""
    store = EmbeddedStore(open_database(f"sqlite:///{data_dir / 'sessions.db'}"))
    mirror = Mirror(CallLog(open_database(f"sqlite:///{data_dir / 'calls.db'}")), Feed())
    logins = Logins(store, api)
    noting = Noting(store, look_pause=LOOK_PAUSE, patience=PATIENCE)
    changes = Changes(api, logins, store, mirror, noting)
    jobs = ArchiveJobs(changes, store, lambda error: type(error).__name__, Signals())
    yield Team(changes, jobs, mirror, logins, logins.create("alice", "any"), data_dir)
    jobs.close()
    api.close()
    store.close()
    mirror.log.close()


def inbox(sandbox: Sandbox) -> list[str]:
    """The ids of the calls that are not archived."""
    return [call["id"] for call in sandbox.calls() if not call["is_archived"]]
