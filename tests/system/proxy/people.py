"""A few people at work, each in a thread: they read pages and fill in forms, and note what came of it."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import requests
from bs4 import BeautifulSoup

TIMEOUT = 30.0
# Between two requests of a person, so that the machine has time for others (seconds).
PAUSE = 0.05


@dataclass(slots=True)
class Tally:
    """How many requests there were of each kind, which of them failed, and how long the slowest took."""

    requests: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def __str__(self) -> str:
        return f"{len(self.failed)} failed of {dict(self.requests)}, slowest {self.slowest:.1f} s"


class Person(threading.Thread):
    """Reads the list, opens a call, writes a note, archives another and brings it back; and so on."""

    def __init__(self, address: str, cookies: dict[str, str], trusted: Path, calls: Sequence[str]) -> None:
        super().__init__(name="person", daemon=True)
        self.tally = Tally()
        self._address, self._calls = address, calls
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(trusted)
        self._session.cookies.update(cookies)
        self._finished = threading.Event()
        self.notes: list[tuple[str, str]] = []

    def finish(self) -> None:
        """Come to an end with the request under way."""
        self._finished.set()
        self.join(TIMEOUT)
        self._session.close()

    def run(self) -> None:
        turn = 0
        while not self._finished.is_set():
            call = self._calls[turn % len(self._calls)]
            self._ask("GET", "/calls")
            page = BeautifulSoup(self._ask("GET", f"/calls/{call}"), "html.parser")
            self._write_note(page, call, f"{self.name} {turn}")
            self._archive(page, call)
            turn += 1

    def _write_note(self, page: BeautifulSoup, call: str, content: str) -> None:
        if self._send(page, f"/calls/{call}/notes", {"content": content}):
            self.notes.append((call, content))

    def _archive(self, page: BeautifulSoup, call: str) -> None:
        buttons = page.select(f'form[action^="/calls/{call}/archive"] button[name=archived]')
        for button in buttons[:1]:
            self._send(page, f"/calls/{call}/archive", {"archived": str(button["value"])})

    def _send(self, page: BeautifulSoup, action: str, fields: dict[str, str]) -> bool:
        for form in page.select(f'form[action^="{action}"]')[:1]:
            hidden = {str(field["name"]): str(field.get("value", "")) for field in form.select("input[name]")}
            return bool(self._ask("POST", action, hidden | fields))
        return False

    def _ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> str:
        """The page that came, empty where none did."""
        began_at = monotonic()
        try:
            answer = self._session.request(
                method,
                f"{self._address}{path}",
                data=fields,
                headers={"Origin": self._address} if fields else None,
                timeout=TIMEOUT,
            )
            problem = "" if answer.status_code < 400 else str(answer.status_code)
        except requests.RequestException as error:
            problem = type(error).__name__
        self.tally.requests[method] += 1
        self.tally.slowest = max(self.tally.slowest, monotonic() - began_at)
        if problem:
            self.tally.failed.append(f"{method} {path}: {problem}")
        self._finished.wait(PAUSE)
        return "" if problem else answer.text


@contextmanager
def at_work(people: Sequence[Person]) -> Iterator[None]:
    """Have them work meanwhile."""
    for person in people:
        person.start()
    try:
        yield
    finally:
        for person in people:
            person.finish()


def together(people: Sequence[Person]) -> Tally:
    """What all of them have noted, once they have finished."""
    whole = Tally()
    for person in people:
        whole.requests += person.tally.requests
        whole.failed += person.tally.failed
        whole.slowest = max(whole.slowest, person.tally.slowest)
    return whole
