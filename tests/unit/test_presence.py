"""Presence: who views which call, in this process and in others, published once per change."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.auth.logins import Logins
from aircall.web.live.presence import GRACE, ConnectionRegistry, Presence, PresenceService
from tests.support.made_calls import call_id
from tests.support.waiting import wait_until

CALL = call_id(1)


def test_the_viewers_of_a_call_are_published_once_by_name_each_until_all_their_pages_are_closed() -> None:
    presence = Presence()
    for page_id, username in (("page-1", "bob"), ("page-2", "ann"), ("page-3", "ann")):
        presence.view(page_id, username, "call-1", now=0)

    assert presence.publish(now=0) == {"call-1": ["ann", "bob"]}
    presence.view("page-2", "ann", None, now=1)
    assert presence.publish(now=1 + GRACE) == {}
    assert presence.published == {"call-1": ["ann", "bob"]}
    presence.view("page-3", "ann", None, now=9)
    assert presence.publish(now=9 + GRACE) == {"call-1": ["bob"]}


def test_a_reload_is_not_published() -> None:
    presence = Presence()
    presence.view("page-1", "ann", "call-1", now=0)
    presence.publish(now=0)

    presence.view("page-1", "ann", None, now=10)
    assert presence.next_at() == 10 + GRACE
    assert presence.publish(now=10) == {}
    presence.view("page-2", "ann", "call-1", now=10 + GRACE / 2)

    assert presence.publish(now=10 + 2 * GRACE) == {}
    assert presence.next_at() is None


def test_a_person_who_goes_on_to_another_call_leaves_the_first_one_later() -> None:
    presence = Presence()
    presence.view("page-1", "ann", "call-1", now=0)
    presence.publish(now=0)

    presence.view("page-1", "ann", "call-2", now=10)

    assert presence.publish(now=10) == {"call-2": ["ann"]}
    assert presence.publish(now=10 + GRACE) == {"call-1": []}


def test_a_page_that_runs_through_many_calls_leaves_nothing_behind() -> None:
    presence = Presence()
    for number in range(10_000):
        presence.view("page-1", "ann", f"call-{number}", now=0)

    assert presence.publish(now=0) == {"call-9999": ["ann"]}
    assert presence.next_at() is None


VIEWS = st.lists(
    st.tuples(
        st.sampled_from(["page-1", "page-2", "page-3"]),
        st.sampled_from(["call-1", "call-2", None]),
        st.booleans(),
    ),
    max_size=30,
)


@given(VIEWS)
def test_what_was_published_always_adds_up_to_the_truth(views: list[tuple[str, str | None, bool]]) -> None:
    presence, published, truth = Presence(), {}, {}
    for now, (page_id, viewed_id, is_published) in enumerate(views):
        truth[page_id] = viewed_id
        presence.view(page_id, f"user of {page_id}", viewed_id, now)
        if is_published:
            published.update(presence.publish(now))

    published.update(presence.publish(len(views) + GRACE))

    viewers = {
        viewed_id: sorted(f"user of {page_id}" for page_id in truth if truth[page_id] == viewed_id)
        for viewed_id in ("call-1", "call-2")
    }
    assert {viewed_id: published.get(viewed_id, []) for viewed_id in viewers} == viewers
    assert presence.published == {viewed_id: names for viewed_id, names in viewers.items() if names}


@pytest.fixture
def service() -> Iterator[PresenceService]:
    service = PresenceService(ConnectionRegistry(cast(Logins, None)))
    yield service
    service.stop()


def test_viewers_in_other_processes_are_shown_until_they_leave(service: PresenceService) -> None:
    shown: dict[str, list[str]] = {}

    def show(_name: str, payload: Any) -> None:
        shown[payload["id"]] = payload["viewers"]

    service.start(show)
    service.view("page", "alice", CALL)
    service.set_remote({"b": {CALL: ["bob"]}, "c": {CALL: ["alice", "carol"]}})
    wait_until(lambda: shown.get(CALL) == ["alice", "bob", "carol"], what="the viewers of all processes")
    assert service.viewers == {CALL: ["alice"]}

    service.set_remote({})
    wait_until(lambda: shown[CALL] == ["alice"], what="the viewer of this process alone")


def test_only_changes_of_this_process_are_reported(service: PresenceService) -> None:
    reported: list[dict[str, list[str]]] = []
    service.on_change(lambda: reported.append(service.viewers))

    service.set_remote({"b": {CALL: ["bob"]}})
    service.view("page", "alice", CALL)
    service.view("page", "alice", None)

    assert reported == [{CALL: ["alice"]}, {}]
