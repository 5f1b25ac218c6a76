"""The services that change calls, on the sandbox, and Alice, who is logged in."""

from collections.abc import Callable, Iterator
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
from aircall.changes.diary import Diary
from aircall.changes.jobs import JobService
from aircall.changes.notes import NoteWriter
from aircall.changes.service import ChangeService
from aircall.concurrency import MessageBus
from aircall.models import Call
from aircall.storage.database import open_database
from aircall.storage.records import SQLiteRecordStore
from aircall.team.service import Team
from tests.support.sandbox import Sandbox

# Seconds. Of a whole request to the API, and of verifying a note.
DEADLINE, VERIFY_INTERVAL, VERIFY_TIMEOUT = 0.6, 0.02, 0.5
# Faults of the requests to a path, which are executed all the same or not.
UNKNOWN_OUTCOME: dict[str, Callable[[Sandbox, str, bool], None]] = {
    "a reset": lambda api, path, applied: api.reset_after_send(path=path, applied=applied),
    "500": lambda api, path, applied: api.answer_with(500, b"{}", path=path, applied=applied),
    "502": lambda api, path, applied: api.answer_with(502, b"<html>", path=path, applied=applied),
    "503": lambda api, path, applied: api.answer_503(path=path, applied=applied),
    "unreadable": lambda api, path, applied: api.answer_with(200, b"{", path=path, applied=applied),
    "empty": lambda api, path, applied: api.answer_with(200, b"", path=path, applied=applied),
    "short": lambda api, path, applied: api.answer_with(200, b"{", path=path, applied=applied, missing=9),
}


@dataclass(frozen=True)
class Services:
    """The services and one person's login; the databases are `sessions.db` and `calls.db`."""

    changes: ChangeService
    jobs: JobService
    replica: CallReplica
    logins: Logins
    alice: Login
    data_dir: Path

    def known(self, call_id: str) -> Call:
        """Return the call as the replica has it."""
        (call,) = self.replica.store.find([call_id])
        return call


@pytest.fixture
def services(sandbox: Sandbox, tmp_path: Path) -> Iterator[Services]:
    """Services whose API client gives up soon."""
    with services_on(ApiClient(sandbox.url, deadline=DEADLINE), tmp_path) as services:
        yield services


@contextmanager
def services_on(api: ApiClient, data_dir: Path) -> Iterator[Services]:
    """Services on this API client, which is closed at the end."""
    store = SQLiteRecordStore(open_database(f"sqlite:///{data_dir / 'sessions.db'}"))
    replica = CallReplica(CallStore(open_database(f"sqlite:///{data_dir / 'calls.db'}")), ChangeFeed())
    logins = Logins(store, api)
    notes = NoteWriter(store, verify_interval=VERIFY_INTERVAL, verify_timeout=VERIFY_TIMEOUT)
    team = Team.open(open_database(f"sqlite:///{data_dir / 'team.db'}"), "https://api.example", MessageBus())
    changes = ChangeService(logins, store, replica, notes, Diary(logins, team.activity))
    jobs = JobService(changes, store, MessageBus())
    yield Services(changes, jobs, replica, logins, logins.create("alice", "any"), data_dir)
    jobs.close()
    api.close()
    store.close()
    replica.store.close()
    team.close()


def inbox(sandbox: Sandbox) -> list[str]:
    """Ids of the calls that are not archived."""
    return [call["id"] for call in sandbox.calls() if not call["is_archived"]]
