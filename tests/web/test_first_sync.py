"""Pages before the first sync has ended, in a browser without scripts."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from aircall.calls import search
from aircall.calls.tables import calls, state
from tests.support.person import Person
from tests.support.waiting import wait_until
from tests.web.conftest import services_of, signed_in

REFRESH = "noscript meta[http-equiv=refresh]"


def test_the_plain_page_reloads_itself_but_rarely(early_bird: Person) -> None:
    for path in ("/calls", "/insights"):
        assert early_bird.get(path).find(REFRESH)["content"] == "10"


def test_a_filtered_page_is_reloaded_only_by_its_link_and_its_filters_can_be_cleared(
    early_bird: Person,
) -> None:
    for path, view in (("/calls", "inbox"), ("/insights", "all")):
        early_bird.get(f"{path}?q=refund&per_page=50")

        assert not early_bird.page.select(REFRESH)
        assert early_bird.find("noscript a")["href"] == f"{path}?q=refund&per_page=50"
        assert "Loading the calls" in early_bird.text
        (clear,) = (link for link in early_bird.page.select("a") if "Clear filters" in link.text)
        assert clear["href"] == f"{path}?view={view}&per_page=50"


def test_the_question_before_many_calls_are_archived_says_that_it_counts_those_read_so_far(
    early_bird: Person,
) -> None:
    assert "The calls are still loading." in early_bird.get("/calls/archive?archived=true").text


def test_there_is_no_file_before_the_list_has_been_read_whole(early_bird: Person) -> None:
    early_bird.get("/calls.csv?view=all")

    assert early_bird.status == 503
    assert "still loading" in early_bird.text
    assert early_bird.find("a.button--primary")["href"] == "/calls.csv?view=all"


@pytest.fixture
def no_immediate_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the recorded calls count as too many to be indexed when they are written."""
    monkeypatch.setattr(search, "MAX_IMMEDIATE_ROWS", 10)


@pytest.mark.usefixtures("no_immediate_index")
def test_the_search_index_has_all_calls_soon_after_the_sync(app: Flask) -> None:
    signed_in(app, "alice")
    store = services_of(app).replica.store
    query = select(state.c.indexed_row_version, select(func.max(calls.c.row_version)).scalar_subquery())

    def is_complete() -> bool:
        with store.engine.connect() as connection:
            indexed, last = connection.execute(query).one()
        return bool(indexed == last)

    wait_until(is_complete, what="a complete index")
