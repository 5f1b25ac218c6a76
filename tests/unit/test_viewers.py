"""Who looks at which call, in the pages of this process and of others."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from aircall.auth.logins import Logins
from aircall.web.live.presence import PresenceService
from aircall.web.live.session_monitor import ConnectionRegistry
from tests.support.made_calls import call_id
from tests.support.waiting import wait_until

CALL = call_id(1)


class Pages:
    """What the pages of this process were told, and how often one of them moved."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self.moves = 0
        self.viewers = PresenceService(ConnectionRegistry(cast(Logins, None)))
        self.viewers.on_change(self._move)

    def tell(self, name: str, payload: Any) -> None:
        if name == "viewers":
            self.told[payload["id"]] = payload["viewers"]

    def _move(self) -> None:
        self.moves += 1

    def wait_for(self, *usernames: str) -> None:
        wait_until(lambda: self.told.get(CALL) == list(usernames), what=f"{usernames}")


@pytest.fixture
def pages() -> Iterator[Pages]:
    """Pages that are told."""
    made = Pages()
    made.viewers.start(made.tell)
    yield made
    made.viewers.stop()


def test_who_looks_in_another_process_is_told_beside_those_who_look_here(pages: Pages) -> None:
    pages.viewers.view("page", "alice", CALL)
    pages.viewers.set_remote({"b": {CALL: ["bob"]}, "c": {CALL: ["alice", "carol"]}})

    pages.wait_for("alice", "bob", "carol")
    assert pages.viewers.viewers == {CALL: ["alice"]}


def test_who_is_gone_there_is_gone_here(pages: Pages) -> None:
    pages.viewers.set_remote({"b": {CALL: ["bob"]}})
    pages.wait_for("bob")

    pages.viewers.set_remote({})

    pages.wait_for()


def test_only_what_happens_here_is_to_be_made_known(pages: Pages) -> None:
    pages.viewers.set_remote({"b": {CALL: ["bob"]}})
    assert pages.moves == 0

    pages.viewers.view("page", "alice", CALL)
    pages.viewers.view("page", "alice", None)

    assert pages.moves == 2
    assert pages.viewers.viewers == {}
