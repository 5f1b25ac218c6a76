"""Everything that changes of calls need, on the sandbox, and Alice, who is signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from aircall.api.client import ApiClient
from aircall.auth.login import Login
from aircall.auth.logins import Logins
from aircall.calls.feed import ChangeFeed
from aircall.calls.replica import CallReplica
from aircall.calls.store import CallStore
from aircall.changes.jobs import JobService
from aircall.changes.notes import NoteWriter
from aircall.changes.service import ChangeService
from aircall.concurrency import MessageBus
from aircall.storage.database import open_database
from aircall.storage.records import RecordStore, SQLiteRecordStore
from tests.integration.changes.notes_api import NotesApi
from tests.support.sandbox import Sandbox

# Short, so that trouble ends soon: a whole request to the API, and the search for a note of unknown fate.
DEADLINE, VERIFY_INTERVAL, VERIFY_TIMEOUT = 0.6, 0.02, 0.5


@dataclass(frozen=True)
class Team:
    """What changes calls, with one person's login; the databases are `sessions.db` and `calls.db`."""

    changes: ChangeService
    jobs: JobService
    replica: CallReplica
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
    store = SQLiteRecordStore(open_database(f"sqlite:///{data_dir / 'sessions.db'}"))
    replica = CallReplica(CallStore(open_database(f"sqlite:///{data_dir / 'calls.db'}")), ChangeFeed())
    logins = Logins(store, api)
    noting = NoteWriter(store, verify_interval=VERIFY_INTERVAL, verify_timeout=VERIFY_TIMEOUT)
    changes = ChangeService(logins, store, replica, noting)
    jobs = JobService(changes, store, MessageBus())
    yield Team(changes, jobs, replica, logins, logins.create("alice", "any"), data_dir)
    jobs.close()
    api.close()
    store.close()
    replica.store.close()


def inbox(sandbox: Sandbox) -> list[str]:
    """The ids of the calls that are not archived."""
    return [call["id"] for call in sandbox.calls() if not call["is_archived"]]


@pytest.fixture
def noting(store: RecordStore) -> NoteWriter:
    """A note writer that verifies quickly."""
    return NoteWriter(store, verify_interval=0.02, verify_timeout=0.1)


@pytest.fixture
def api() -> NotesApi:
    """A call without notes."""
    return NotesApi()
