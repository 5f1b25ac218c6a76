"""A search that finds many calls: its page does not wait until all of them are counted."""

import pytest

from aircall.calls import found
from tests.support.person import Person
from tests.web.conftest import ids_of_all_pages, services_of

# In the numbers of all calls.
MANY = "/calls?view=all&per_page=10&q=33"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits so low that the sandbox's calls are many."""
    for name, value in {"MOST_FOUND": 20, "SAMPLE": 12, "SCANNED": 30}.items():
        monkeypatch.setattr(found, name, value)


def test_the_page_says_that_there_are_more_and_the_counts_that_follow_say_how_many(alice: Person) -> None:
    total = len(services_of(alice.client.application).replica.store.call_ids())

    alice.get(MANY)
    assert "1–10 of 30+ calls" in alice.text
    assert "Page 1" in alice.text
    assert "Page 1 of" not in alice.text
    assert "data-uncounted" in alice.find("#page-head").attrs
    # A number of calls that are changed is a promise.
    assert "Archive all" not in alice.text
    counts_url = str(alice.find("#list")["data-counts-url"])

    alice.get(counts_url)
    assert f"1–10 of {total} calls" in alice.text
    assert f"Page 1 of {-(-total // 10)}" in alice.text
    assert "data-uncounted" not in alice.find("#page-head").attrs
    alice.get(counts_url.replace("/counts", "/chart"))
    assert "data-uncounted" not in alice.find("#chart").attrs

    # Known from now on.
    alice.get(MANY)
    assert f"1–10 of {total} calls" in alice.text


def test_its_pages_have_every_call_once_and_lead_back(alice: Person) -> None:
    expected = ids_of_all_pages(alice, "/calls?view=all&per_page=10")

    assert ids_of_all_pages(alice, MANY) == expected

    back = list(alice.call_ids)
    while newer := alice.page.select_one("a[rel=prev]"):
        back = [*alice.get(str(newer["href"])).call_ids, *back]
    assert back == expected
    # The numbers of the pages, too.
    assert "1–10 of" in alice.text


def test_a_page_after_the_last_one_is_the_last_one(alice: Person) -> None:
    expected = ids_of_all_pages(alice, "/calls?view=all&per_page=10")

    alice.get(f"{MANY}&page=99")

    assert alice.call_ids == expected[-(len(expected) % 10 or 10) :]


def test_what_is_archived_by_the_question_is_what_it_says(alice: Person) -> None:
    matching = len(ids_of_all_pages(alice, "/calls?per_page=10&q=33"))

    alice.get("/calls/archive?archived=true&q=33")

    assert f"{matching} calls" in alice.text
