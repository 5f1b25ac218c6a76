"""Counts the modules of ours that run in each of five flows: how far a reader has to walk.

`python -m bench modules --names` prints them, too. The limits keep a flow short enough to follow.
"""

import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from flask import Flask
from prometheus_client import REGISTRY

from aircall.web.services import EXTENSION, start, stop
from app import create_app
from bench.figures import Figure
from config import Config
from tests.support.dashboard import settings
from tests.support.person import Person
from tests.support.processes import ROOT
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

OURS = re.compile(rf"{re.escape(str(ROOT))}/(aircall/.+|app|config)\.py")
ORIGIN = {"Origin": "http://localhost", "Host": "localhost"}
# Seconds.
SYNC_TIME, EVENT_TIME = 20.0, 10.0
# Threads that look each second whether there is something to do, beside every flow.
WATCH, SCHEDULER = "api-watch", "sync-scheduler"
# Each with sqlite, which connects to its database.
LIMITS = {
    # With the names of its numbers: people, known, directory_query and team/database; with the
    # outermost layer, encrypted records and the index of sessions: edge, encryption, sign_ins; with how many
    # callers wait, and who has them: callers, waiting and claims; with search_terms, kinds and
    # note_text.
    "list page": 48,
    # With the store of jobs, which keeps large ones in steps, those three, the streaks that it changes, and
    # claim_keeper. And the line about who did it: diary, activity, and the claims that this may end.
    "archive one call": 47,
    # With the counts and the rendered row that it brings to the pages; for who waits, streaks, callers,
    # waiting and directory_query; claim_keeper.
    "live event": 24,
    # These two with encrypted records; the refresh with sign_ins, the first sync with streaks and
    # claim_keeper.
    "token refresh": 14,
    "first sync": 30,
}


class Recorder:
    """Notes the modules of ours that run while `recording`, in threads started after `install`."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._seen: set[str] | None = None
        self._below = ""

    def install(self) -> None:
        """Watch this thread and those to come: Python 3.11 cannot watch a thread that runs already."""
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)

    def uninstall(self) -> None:
        """Stop watching: it would slow down the benchmarks that follow."""
        threading.setprofile(None)
        sys.setprofile(None)

    @contextmanager
    def recording(self, below: str = "") -> Iterator[set[str]]:
        """Fill a set with the modules that run; with `below`, those that this package calls and its own."""
        self._below, self._seen = below, set()
        try:
            yield self._seen
        finally:
            self._seen = None

    def _profile(self, frame: FrameType, event: str, _argument: object) -> None:
        seen = self._seen
        if seen is None or event != "call" or self._is_beside():
            return
        name = self._name(frame)
        if name and name not in seen and self._is_below(frame):
            seen.add(name)

    def _is_beside(self) -> bool:
        # The first sync, which is looked for below a package, is the scheduler's work.
        return threading.current_thread().name in (WATCH, "" if self._below else SCHEDULER)

    def _is_below(self, frame: FrameType | None) -> bool:
        while self._below and frame is not None and not self._name(frame).startswith(self._below):
            frame = frame.f_back
        return frame is not None

    def _name(self, frame: FrameType) -> str:
        path = frame.f_code.co_filename
        if path not in self._names:
            found = OURS.fullmatch(path)
            self._names[path] = found[1] if found else ""
        return self._names[path]


def run() -> list[Figure]:
    """Return a figure for each flow: the number of its modules, beside the limit."""
    recorder = Recorder()
    recorder.install()
    with Sandbox.start() as sandbox:
        flows = _started_flows(recorder, sandbox) | {"token refresh": _token_refresh(recorder, sandbox)}
    recorder.uninstall()
    if "--names" in sys.argv:
        for flow, modules in flows.items():
            print(f"{flow}:", *sorted(modules), sep="\n  ")
    return [
        Figure(f"modules, {flow}", len(flows[flow]), limit, "modules", 1.0) for flow, limit in LIMITS.items()
    ]


def _started_flows(recorder: Recorder, sandbox: Sandbox) -> dict[str, set[str]]:
    with ExitStack() as stack:
        app = stack.enter_context(_application(sandbox))
        start(app)
        stack.callback(stop, app)
        alice = Person(app)
        with recorder.recording(below="aircall/sync") as first_sync:
            alice.sign_in("alice")
            wait_until(lambda: _is_synced(app), SYNC_TIME, "the first sync")
        call_id = str(sandbox.calls()[0]["id"])
        _wait_for_event(sandbox, call_id)
        # What the request asks for: a full sync may run beside it.
        with recorder.recording(below="aircall/web/edge") as list_page:
            alice.client.get("/calls")
        archive = _archive(recorder, alice.get(f"/calls/{call_id}"), call_id)
        page = app.extensions["socketio"].test_client(app, headers=ORIGIN, flask_test_client=alice.client)
        stack.callback(page.disconnect)
        page.get_received()
        with recorder.recording() as event:
            sandbox.archive(call_id)
            wait_until(
                lambda: any(told["name"] == "update-call" for told in page.get_received()),
                EVENT_TIME,
                "the event at the page",
            )
    return {
        "list page": list_page,
        "archive one call": archive,
        "live event": event,
        "first sync": first_sync,
    }


def _archive(recorder: Recorder, alice: Person, call_id: str) -> set[str]:
    token = alice.page.select("[name=csrf_token]")[0]["value"]
    path = f"/calls/{call_id}/archive"
    # The first changes open database connections, which later ones use again.
    for archived in ("true", "false", "true"):
        heard = _events_heard()
        with recorder.recording() as modules:
            alice.client.post(path, data={"archived": archived, "csrf_token": token}, headers=ORIGIN)
            _wait_for_next_event(heard)
    return modules


def _token_refresh(recorder: Recorder, sandbox: Sandbox) -> set[str]:
    """Without background work, which would refresh the token first."""
    with _application(sandbox) as app:
        alice = Person(app).sign_in("alice")
        path = f"/calls/{sandbox.calls()[0]['id']}"
        alice.client.get(path)
        sandbox.expire_access_tokens()
        with recorder.recording(below="aircall/auth") as modules:
            alice.client.get(path)
        stop(app)
    return modules


@contextmanager
def _application(sandbox: Sandbox) -> Iterator[Flask]:
    with tempfile.TemporaryDirectory(prefix="callboard-bench-") as data_dir:
        yield create_app(Config.from_environment(settings(sandbox, Path(data_dir))))


def _is_synced(app: Flask) -> bool:
    status = app.extensions[EXTENSION].sync.status
    return status is not None and status.fresh_for > 0


def _wait_for_event(sandbox: Sandbox, call_id: str) -> None:
    """Return once events arrive. Leaves the call in the inbox."""
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, EVENT_TIME, "a subscription")
    for _ in range(1 + (not sandbox.call(call_id)["is_archived"])):
        heard = _events_heard()
        sandbox.archive(call_id)
        _wait_for_next_event(heard)


def _wait_for_next_event(heard: float) -> None:
    wait_until(lambda: _events_heard() > heard, EVENT_TIME, "an event")


def _events_heard() -> float:
    samples = (sample for metric in REGISTRY.collect() for sample in metric.samples)
    return sum(sample.value for sample in samples if sample.name == "callboard_events_in_total")
