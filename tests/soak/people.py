"""People who work in the dashboard without a browser: read pages, archive, write notes, by the real forms."""

import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from bs4 import BeautifulSoup

PAGES = ("/calls", "/calls?view=all&type=missed", "/calls?q=33", "/insights", "/calls?view=archived&page=2")
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Work:
    """Somebody's cookies, the calls that they archive and move back, and those that get notes."""

    cookies: dict[str, str]
    archived: Sequence[str]
    noted: Sequence[str]


class Person(threading.Thread):
    """Works until `stopping`, with a pause of about `pace` seconds between two actions.

    `statuses` counts answers by status, and those that never came as 0; `failed` says which of them were none
    that a person wants; `notes` has each call with a note that was taken.
    """

    def __init__(
        self,
        address: str,
        name: str,
        work: Work,
        stopping: threading.Event,
        pace: float,
        trusted: Path | None,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.statuses: Counter[int] = Counter()
        self.failed: list[str] = []
        self.notes: list[tuple[str, str]] = []
        self._address, self._work, self._stopping, self._pace = address, work, stopping, pace
        self._random = random.Random(name)  # noqa: S311  # chooses what to click
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(trusted) if trusted else True
        # No connection is used twice, as it may lead to a process that has been killed.
        self._session.headers.update({"Connection": "close", "Origin": address})
        self._session.cookies.update(work.cookies)

    def run(self) -> None:
        while not self._stopping.wait(self._pace * self._random.uniform(0.5, 1.5)):
            self._ask("GET", self._random.choice(PAGES))
            choice = self._random.random()
            if choice < 0.25:
                self._archive(self._random.choice(self._work.archived))
            elif choice < 0.4:
                self._write_note(self._random.choice(self._work.noted))
        self._session.close()

    def _archive(self, call: str) -> None:
        page = BeautifulSoup(self._ask("GET", f"/calls/{call}"), "html.parser")
        for button in page.select(f'form[action^="/calls/{call}/archive"] button[name=archived]')[:1]:
            self._send(page, f"/calls/{call}/archive", archived=str(button["value"]))

    def _write_note(self, call: str) -> None:
        page = BeautifulSoup(self._ask("GET", f"/calls/{call}"), "html.parser")
        content = f"Called back, {self.name}, {len(self.notes)}"
        if self._send(page, f"/calls/{call}/notes", content=content):
            self.notes.append((call, content))

    def _send(self, page: BeautifulSoup, action: str, **fields: str) -> str:
        """Send the form with this address, if the page has one; the page that came."""
        for form in page.select(f'form[action^="{action}"]')[:1]:
            hidden = {str(field["name"]): str(field.get("value", "")) for field in form.select("input[name]")}
            return self._ask("POST", action, hidden | fields)
        return ""

    def _ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> str:
        """The page that came, empty where none did."""
        try:
            answer = self._session.request(method, self._address + path, data=fields, timeout=TIMEOUT)
            status, text = answer.status_code, answer.text
        except requests.RequestException as error:
            status, text = 0, type(error).__name__
        self.statuses[status] += 1
        if 200 <= status < 400:
            return text
        self.failed.append(f"{method} {path}: {status or text}")
        return ""


@contextmanager
def people_at_work(
    address: str, works: Sequence[Work], pace: float, trusted: Path | None = None
) -> Iterator[list[Person]]:
    """A person for each work, until the end of the block; `trusted` vouches for an https address."""
    stopping = threading.Event()
    people = [
        Person(address, f"person-{number}", work, stopping, pace, trusted)
        for number, work in enumerate(works)
    ]
    for person in people:
        person.start()
    try:
        yield people
    finally:
        stopping.set()
        for person in people:
            person.join()
