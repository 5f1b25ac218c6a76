"""The soak itself: starts everything, lets people and colleagues work, kills a process now and then.

All load is bounded in number, pace and time, and goes to this machine alone.
"""

import json
import os
import random
import shlex
import signal
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from tests.soak.memory import Look, growth, look
from tests.soak.people import Work, people_at_work
from tests.support.dashboard import COOKIE, READY, log_in, settings
from tests.support.processes import Started, running
from tests.support.redis_server import running_redis
from tests.support.sandbox import Sandbox
from tests.support.workers import workers_of
from tests.system.cluster.instance import SECRET_KEY
from tests.system.cluster.lasting_page import lasting_pages, wait_until_right

PEOPLE, PAGES, CALLS_SHOWN = 4, 8, 40
# Seconds between two actions of a person, about.
PACE = 0.5
# So many that notes do not pile up on a few, which all of a call's states and pages would grow by.
CALLS = 1000
# A colleague's change every so many seconds; tokens live so long.
TRAFFIC, TOKEN_LIFE = 2, 20
SANDBOX = (f"--calls={CALLS}", f"--access-ttl={TOKEN_LIFE}", f"--traffic={TRAFFIC}", "--strict-rotation")
# How soon every page has to be right once all is quiet (the promise is 10; a busy machine has some more), and
# how often memory is looked at (seconds).
RIGHT, LOOK_PAUSE = 30.0, 2.0
# What a process that is killed makes others say at ERROR: gunicorn tells of a child that was killed.
EXPLAINED = ("was sent SIGKILL",)


@dataclass
class Outcome:
    """What came of a soak."""

    seconds: float
    kills: int = 0
    connections: int = 0
    refreshes: int = 0
    right_after: float = 0.0
    memory: list[Look] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    @property
    def failed_answers(self) -> int:
        """Answers with 5xx. Requests that a kill has cut off are no answers."""
        return sum(count for status, count in self.statuses.items() if status >= 500)

    @property
    def growth(self) -> float | None:
        """What a warm process grew by, in MB an hour; None where none lived for long enough."""
        return growth(self.memory)

    def lines(self) -> list[str]:
        """The figures, for people."""
        sizes = [size for _, _, size in self.memory]
        grown = "in none for long enough to tell" if self.growth is None else f"{self.growth:+.1f} MB an hour"
        return [
            f"{self.seconds:.0f} s, {self.kills} processes killed, tokens renewed {self.refreshes} times",
            f"answers by status (0: cut off by a kill): {dict(sorted(self.statuses.items()))}",
            f"{PAGES} pages, connected {self.connections} times",
            f"every page right {self.right_after:.1f} s after the end",
            f"memory of a process: {min(sizes):.0f} to {max(sizes):.0f} MB, growing {grown}",
            f"unexpected errors in the log: {len(self.errors)}",
            *self.errors[:10],
        ]


class Soak:
    """One run, with so many workers, for so many seconds, one of them killed after each pause."""

    def __init__(self, *, workers: int, seconds: float, kill_pause: float) -> None:
        self._workers = workers
        self._kill_pause = kill_pause
        self._random = random.Random(7)  # noqa: S311  # chooses what to kill
        self._outcome = Outcome(seconds)
        self._spared: int | None = None

    def run(self) -> Outcome:
        """Run it. Raises AssertionError where a page is wrong at the end."""
        with (
            tempfile.TemporaryDirectory(prefix="callboard-soak-") as name,
            Sandbox.start(*SANDBOX) as sandbox,
            running_redis(is_durable=True) as redis,
        ):
            log = Path(name) / "log"
            environment = os.environ | settings(sandbox, Path(name) / "data")
            environment |= {
                "REDIS_URL": redis.url,
                "WORKERS": str(self._workers),
                "SECRET_KEY": SECRET_KEY,
                "LOG_FORMAT": "json",
            }
            # All of its lines are looked at in the end.
            kept = f"exec {shlex.quote(sys.executable)} app.py 2> >(tee {shlex.quote(str(log))} >&2)"
            with running(["bash", "-c", kept], READY, environment=environment, stopping_time=20) as started:
                self._work(sandbox, started)
            self._outcome.errors = unexpected_errors(log)
        return self._outcome

    def _work(self, sandbox: Sandbox, started: Started) -> None:
        address, outcome = started.ready[1], self._outcome
        all_ids = [str(call["id"]) for call in sandbox.calls()]
        shown = all_ids[:CALLS_SHOWN]
        cookie = log_in(address, "watcher")
        with lasting_pages([address] * PAGES, cookie, shown) as pages:
            names = [f"person-{number}" for number in range(PEOPLE)]
            works = [Work({COOKIE: log_in(address, name)}, archived=shown, noted=all_ids) for name in names]
            with people_at_work(address, works, PACE) as people:
                self._kill_now_and_then(started.process.pid)
            outcome.statuses = sum((person.statuses for person in people), Counter())
            outcome.refreshes = sandbox.counters().refreshes
            began = monotonic()
            wait_until_right(pages, sandbox, RIGHT)
            outcome.right_after = monotonic() - began
            outcome.connections = sum(page.connection_count for page in pages)

    def _kill_now_and_then(self, master: int) -> None:
        began = monotonic()
        next_kill, next_look = began + self._kill_pause, began
        while (now := monotonic()) < began + self._outcome.seconds:
            if now >= next_look:
                self._outcome.memory += look(now - began, master)
                next_look = now + LOOK_PAUSE
            if now >= next_kill:
                os.kill(self._victim(master, is_late=now > began + self._outcome.seconds / 2), signal.SIGKILL)
                self._outcome.kills += 1
                next_kill = now + self._kill_pause
            threading.Event().wait(max(0.0, min(next_kill, next_look) - monotonic()))

    def _victim(self, master: int, *, is_late: bool) -> int:
        # In the second half one is spared, by whose memory a growth can be told from a beginning.
        workers = workers_of(master)
        if is_late and self._spared not in workers:
            self._spared = workers[0]
        return self._random.choice([worker for worker in workers if worker != self._spared])


def unexpected_errors(log: Path) -> list[str]:
    """The lines of the log that tell of an error which no kill explains."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    errors = [str(line["event"]) for line in lines if line["level"] in ("error", "critical")]
    return [event for event in errors if not any(known in event for known in EXPLAINED)]
