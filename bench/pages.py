"""How long the call list takes with 100,000 calls, as against 100: the served dashboard, asked by HTTP.

Both dashboards run at once and are asked in turn, so that whatever else the machine does slows both down.
"""

import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests

from bench.figures import Figure
from tests.support.dashboard import COOKIE, TIMEOUT, dashboard, log_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

SMALL, BIG, SEED = 100, 100_000, 7
REQUESTS = 40
# Pages of the same length: what is measured is finding the calls, not drawing more of them.
ROWS = 10
SLOWEST_READING = 180.0
# In seconds, less than a page waits for the list to be read again.
QUICK = 0.5
# So long after a change, in seconds, its event has been heard of.
HEARD = 0.1
LIMIT, MEMORY_LIMIT_MB = 2.0, 50.0
FILTERED = {"type": "missed", "direction": "inbound"}

Call = dict[str, Any]


class Dashboard:
    """A served dashboard that has read the whole list of its sandbox, seen by somebody who is signed in."""

    def __init__(self, sandbox: Sandbox, address: str, process_id: int) -> None:
        self.calls = sandbox.calls()
        self._sandbox = sandbox
        self._address = address
        self._session = requests.Session()
        self._session.trust_env = False
        # What a first page costs any dashboard is not counted; its cookie is not kept.
        requests.get(f"{address}/login", timeout=TIMEOUT).raise_for_status()
        before = memory(process_id)
        self._session.cookies.set(COOKIE, log_in(address))
        wait_until(self._is_read, SLOWEST_READING, "the first reading of the list")
        self.memory_growth = memory(process_id) - before
        # A page waits for a reading that is due, which is no matter of how long it takes to find its calls.
        wait_until(lambda: self.get()[0] < QUICK, SLOWEST_READING, "a list that is fresh")

    def get(self, **query: str) -> tuple[float, int]:
        """How long this page of the list takes, in seconds, and how many rows are on it."""
        address = f"{self._address}/calls?{urlencode(query | {'per_page': str(ROWS)})}"
        began = time.perf_counter()
        answer = self._session.get(address)
        took = time.perf_counter() - began
        answer.raise_for_status()
        return took, len(set(re.findall(r'data-call-id="([^"]+)"', answer.text)))

    def change(self) -> None:
        """A colleague archives a call, or takes it back: whatever was remembered is out of date."""
        self._sandbox.archive(self.calls[0]["id"])
        time.sleep(HEARD)

    def close(self) -> None:
        """Let go of the connection; the dashboard itself goes on."""
        self._session.close()

    def _is_read(self) -> bool:
        state = self._session.get(f"{self._address}/readyz").json()
        return state["upstream"]["synced_at"] is not None


def run() -> list[Figure]:
    """Pages of the list, big against small, unchanged and after a change; the memory for the big list."""
    with ExitStack() as stack:
        small, big = (stack.enter_context(_dashboard(count)) for count in (SMALL, BIG))
        figures = [
            _compare("inbox", (small, {}), (big, {})),
            _compare("inbox, filtered", (small, FILTERED), (big, FILTERED)),
            _compare("filtered and searched", *((one, _number_search(one.calls)) for one in (small, big))),
            _compare("inbox", (small, {}), (big, {}), is_changed=True),
            _compare(
                "filtered and searched",
                *((one, _number_search(one.calls)) for one in (small, big)),
                is_changed=True,
            ),
            _compare("notes searched", *((one, _note_search(one.calls)) for one in (small, big))),
        ]
        growth = Figure("memory for 100,000 calls", big.memory_growth, 1.0, "MB", MEMORY_LIMIT_MB)
        return [*figures, growth]


def memory(process_id: int) -> float:
    """The memory in MB that gunicorn's worker has for itself; what it shares is shared out (PSS)."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    texts = (Path(f"/proc/{worker}/smaps_rollup").read_text() for worker in children)
    return sum(int(size) for text in texts for size in re.findall(r"^Pss: +(\d+) kB", text, re.M)) / 1024


@contextmanager
def _dashboard(count: int) -> Iterator[Dashboard]:
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox.start("--calls", str(count), "--seed", str(SEED)))
        data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callboard-bench-")))
        started = stack.enter_context(dashboard(sandbox, data_dir))
        seen = Dashboard(sandbox, started.ready[1], started.process.pid)
        stack.callback(seen.close)
        yield seen


def _compare(name: str, *asked: tuple[Dashboard, dict[str, str]], is_changed: bool = False) -> Figure:
    times: list[list[float]] = [[] for _ in asked]
    for _ in range(REQUESTS):
        for took, (one, query) in zip(times, asked, strict=True):
            if is_changed:
                one.change()
            took.append(one.get(**query)[0] * 1000)
    rows = [one.get(**query)[1] for one, query in asked]
    small, big = (statistics.median(took) for took in times)
    name += ", after a change" if is_changed else ""
    return Figure(f"{name} ({rows[1]} and {rows[0]} rows)", big, small, "ms", LIMIT)


def _number_search(calls: Sequence[Call]) -> dict[str, str]:
    """The filter, and the end of the number that most of the calls in it have."""
    chosen = [call for call in calls if call["call_type"] == "missed" and call["direction"] == "inbound"]
    ends = Counter(call["from"][-4:] for call in chosen if not call["is_archived"])
    return FILTERED | {"q": ends.most_common(1)[0][0]}


def _note_search(calls: Sequence[Call]) -> dict[str, str]:
    """A word that notes of about so many calls have as fit on a page."""
    notes = (" ".join(note["content"] for note in call["notes"]) for call in calls if not call["is_archived"])
    words = Counter(word for text in notes for word in set(re.findall(r"\w{5,}", text)))
    return {"q": min(words, key=lambda word: abs(words[word] - 5 * ROWS))}
