"""People who work in the dashboard without a browser: read pages, archive, write notes, by the real forms."""

import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import requests
from bs4 import BeautifulSoup

from tests.support.dashboard import COOKIE, log_in

# Seconds between two actions of a person, about.
PACE = 0.5
PAGES = ("/calls", "/calls?view=all&type=missed", "/calls?q=33", "/insights", "/calls?view=archived&page=2")


@dataclass(frozen=True, slots=True)
class Work:
    """The calls that are archived and moved back, and those that get notes."""

    archived: Sequence[str]
    noted: Sequence[str]


class Person(threading.Thread):
    """Works until `stopping`; counts answers by status, and those that never came as 0."""

    def __init__(self, address: str, name: str, work: Work, stopping: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.statuses: Counter[int] = Counter()
        self._address, self._work, self._stopping = address, work, stopping
        self._random = random.Random(name)  # noqa: S311  # chooses what to click
        self._session = requests.Session()
        self._session.trust_env = False
        # No connection is used twice, as it may lead to a process that has been killed.
        self._session.headers.update({"Connection": "close", "Origin": address})
        self._session.cookies.set(COOKIE, log_in(address, name))

    def run(self) -> None:
        while not self._stopping.wait(PACE * self._random.uniform(0.5, 1.5)):
            try:
                self._do_something()
            except requests.RequestException:
                self.statuses[0] += 1
        self._session.close()

    def _do_something(self) -> None:
        page = self._ask("GET", self._random.choice(PAGES))
        choice = self._random.random()
        if choice < 0.25:
            call_id = self._random.choice(self._work.archived)
            archived = self._random.choice(("true", "false"))
            self._send(page, f"/calls/{call_id}/archive", archived=archived)
        elif choice < 0.4:
            call_id = self._random.choice(self._work.noted)
            call = self._ask("GET", f"/calls/{call_id}")
            self._send(call, f"/calls/{call_id}/notes", content=f"Called back, {self._random.random():.6f}")

    def _send(self, page: BeautifulSoup, path: str, **fields: str) -> None:
        token = page.select_one("input[name=csrf_token]")
        if token is not None:
            self._ask("POST", path, fields | {"csrf_token": str(token["value"])})

    def _ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> BeautifulSoup:
        answer = self._session.request(method, self._address + path, data=fields, timeout=30)
        self.statuses[answer.status_code] += 1
        return BeautifulSoup(answer.text, "html.parser")


@contextmanager
def people_at_work(address: str, count: int, work: Work) -> Iterator[list[Person]]:
    """So many people, until the end of the block."""
    stopping = threading.Event()
    people = [Person(address, f"person-{number}", work, stopping) for number in range(count)]
    for person in people:
        person.start()
    try:
        yield people
    finally:
        stopping.set()
        for person in people:
            person.join()
