"""Calls that come while somebody pages through the list, and the counts that an open page reads."""

import re
from uuid import uuid4

import pytest
from flask import Flask

from aircall.models import Call
from tests.support.person import Person
from tests.support.sandbox import Sandbox

SOME_ID = "0f9c3b52-6a1d-4f0e-8d57-2b1c9e7a4d60"


class MirrorNew:
    """So many new calls, missed ones from outside, the newest of all."""

    def __init__(self, app: Flask, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    def __call__(self, count: int, is_archived: bool = False) -> list[str]:
        given = {"call_type": "missed", "direction": "inbound", "is_archived": is_archived}
        made = [self._sandbox.add_call(**given) for _ in range(count)]
        for data in made:
            self._app.extensions["callboard"].replica.apply(Call.from_json(data))
        return [data["id"] for data in made]


@pytest.fixture
def mirror_new(app: Flask, sandbox: Sandbox) -> MirrorNew:
    """Brings new calls into the dashboard's own copy, as a reading of the list would."""
    return MirrorNew(app, sandbox)


def follow(person: Person, relation: str) -> Person:
    """Follow the link to the next or the previous page."""
    return person.get(str(person.find(f"a[rel={relation}]")["href"]))


def link_to_new(person: Person) -> str | None:
    """What the link to new calls says, None where it is hidden."""
    link = person.find("#new-calls")
    return None if link.has_attr("hidden") else link.get_text(strip=True)


def test_pages_stay_where_they_are_while_calls_come_in(alice: Person, mirror_new: MirrorNew) -> None:
    before = alice.get("/calls?view=all&per_page=100").call_ids
    found = alice.get("/calls?view=all&per_page=25").call_ids

    while alice.page.select("a[rel=next]"):
        mirror_new(2)
        found += follow(alice, "next").call_ids

    assert found == before


def test_newer_leads_back_to_the_first_page_as_it_was_and_offers_what_came(
    alice: Person, mirror_new: MirrorNew
) -> None:
    first = alice.get("/calls?view=all&per_page=10").call_ids
    follow(alice, "next")
    mirror_new(3)

    assert follow(alice, "prev").call_ids == first
    assert link_to_new(alice) == "3 new calls – show"
    assert link_to_new(counts_of(alice)) == "3 new calls – show"


def test_a_later_page_offers_the_calls_that_came_and_counts_from_its_top(
    alice: Person, mirror_new: MirrorNew
) -> None:
    alice.get("/calls?view=all&per_page=25")
    new = mirror_new(3)

    follow(alice, "next")
    assert link_to_new(alice) == "3 new calls – show"
    assert "26–50 of 94 calls" in alice.text
    assert alice.find("#page-head p").get_text(strip=True).startswith("97 calls")
    assert re.search(r"All\s+97", alice.text)

    alice.get(str(alice.find("#new-calls")["href"]))
    assert sorted(alice.call_ids[:3]) == sorted(new)
    assert link_to_new(alice) is None


def test_one_new_call_is_one_call(alice: Person, mirror_new: MirrorNew) -> None:
    alice.get("/calls?view=all")
    mirror_new(1)

    assert link_to_new(follow(alice, "next")) == "1 new call – show"


def test_calls_of_another_view_are_not_offered(alice: Person, mirror_new: MirrorNew) -> None:
    alice.get("/calls?view=all&per_page=10")
    mirror_new(1, is_archived=True)
    cursor = str(alice.find("a[rel=next]")["href"]).partition("top=")[2]

    alice.get(f"/calls?per_page=10&page=2&top={cursor}")

    assert link_to_new(alice) is None


def test_the_links_of_its_pages_keep_the_top_and_those_to_other_lists_do_not(alice: Person) -> None:
    alice.get("/calls?view=all&type=missed&per_page=10")
    follow(alice, "next")

    links = [str(link["href"]) for link in alice.page.select("#views a, .dates a, .toolbar a")]
    assert len(links) >= 7
    assert not [link for link in links if "top=" in link]
    assert not alice.page.select("#filters [name=top]")
    assert all("top=" in str(link["href"]) for link in alice.page.select("a[rel]"))
    assert len(alice.page.select("a[rel]")) == 2


def test_the_way_back_from_a_call_and_from_a_change_keeps_the_top(alice: Person) -> None:
    alice.get("/calls?view=all&per_page=10")
    second = str(alice.find("a[rel=next]")["href"])
    alice.get(second)

    assert alice.find("#list [name=next]")["value"] == second
    alice.get(str(alice.page.select("[data-call-id] a")[0]["href"]))
    assert second in {str(link["href"]).partition("#")[0] for link in alice.page.select("main a[href]")}


@pytest.mark.parametrize(
    "cursor", ["", "1", "now", f"x-{SOME_ID}", f"1-{SOME_ID}x", f"-{'9' * 40}-{SOME_ID}"]
)
def test_a_top_that_is_not_usable_is_ignored_without_fuss(alice: Person, cursor: str) -> None:
    alice.get(f"/calls?view=all&page=2&top={cursor}")

    assert alice.status == 200
    assert "26–50 of 94 calls" in alice.text
    assert not alice.page.select(".alert")


def test_a_top_before_which_everything_came_shows_the_list_from_the_newest(alice: Person) -> None:
    alice.get(f"/calls?view=all&page=2&top=0-{uuid4()}")

    assert "26–50 of 94 calls" in alice.text


def counts_of(person: Person, ids: str = "") -> Person:
    """Read the counts as the page that is shown does."""
    return person.get(f"{person.find('#list')['data-counts-url']}&ids={ids}")


def test_the_counts_of_a_page_that_is_up_to_date_are_those_it_shows(alice: Person) -> None:
    alice.get("/calls?type=missed")
    shown = [str(alice.find(part)) for part in ("#page-head", "#views", "#new-calls")]

    counts_of(alice)

    assert [str(alice.find(part)) for part in ("#page-head", "#views", "#new-calls")] == shown
    assert link_to_new(alice) is None


def test_the_counts_tell_what_came_before_the_page_that_is_shown(
    alice: Person, mirror_new: MirrorNew
) -> None:
    alice.get("/calls")
    missed = int(str(alice.find("#page-head")["data-missed"]))
    new = mirror_new(2)

    counts_of(alice, ",".join(new))

    assert link_to_new(alice) == "2 new calls – show"
    assert int(str(alice.find("#page-head")["data-missed"])) == missed + 2


def test_a_call_that_was_moved_back_is_offered_by_the_counts(
    app: Flask, alice: Person, sandbox: Sandbox
) -> None:
    call_id = alice.get("/calls").call_ids[3]
    app.extensions["callboard"].replica.apply(Call.from_json(sandbox.archive(call_id)))
    alice.get("/calls")
    list_url = str(alice.find("#list")["data-counts-url"])
    app.extensions["callboard"].replica.apply(Call.from_json(sandbox.archive(call_id)))

    alice.get(f"{list_url}&ids={call_id}")
    assert link_to_new(alice) == "1 new call – show"

    alice.get(f"{list_url}&ids=")
    assert link_to_new(alice) is None


def test_to_a_page_without_a_call_every_call_is_new(alice: Person) -> None:
    alice.get("/calls?q=nothing-has-this")
    assert link_to_new(counts_of(alice)) is None

    assert link_to_new(alice.get("/calls/counts?view=all")) == "94 new calls – show"


def test_more_than_a_hundred_changed_calls_are_refused(alice: Person) -> None:
    ids = ",".join(str(uuid4()) for _ in range(101))

    assert alice.get(f"/calls/counts?ids={ids}").status == 400


def test_a_stranger_gets_no_counts(stranger: Person) -> None:
    assert stranger.get("/calls/counts").path == "/login"
