"""Pages before the first sync has ended, in a browser without scripts."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Select, func, select

from aircall.calls import search
from aircall.calls.tables import calls, state
from aircall.web.services import EXTENSION, start, stop
from app import create_app
from config import Config
from tests.support.person import Person
from tests.support.waiting import wait_until

REFRESH = "noscript meta[http-equiv=refresh]"


@pytest.fixture
def reader(config: Config) -> Iterator[Person]:
    """Alice, signed in to a dashboard whose first sync has not begun."""
    app = create_app(config)
    yield Person(app).sign_in("alice")
    stop(app)


def test_the_plain_page_reloads_itself_but_rarely(reader: Person) -> None:
    for path in ("/calls", "/insights"):
        assert reader.get(path).find(REFRESH)["content"] == "10"


def test_a_searched_or_filtered_page_is_reloaded_only_by_its_link(reader: Person) -> None:
    for path in ("/calls?q=refund", "/calls?view=all", "/insights?type=missed"):
        assert not reader.get(path).page.select(REFRESH)
        assert reader.find("noscript a")["href"] == path


def test_filters_can_be_cleared_before_anything_was_found(reader: Person) -> None:
    for path in ("/calls", "/insights"):
        reader.get(f"{path}?q=refund&per_page=50")

        assert "The calls are being read" in reader.text
        (clear,) = (link for link in reader.page.select("a") if "Clear filters" in link.text)
        assert clear["href"] == f"{path}?view=inbox&per_page=50"


def test_the_search_index_has_all_calls_soon_after_the_sync(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MAX_IMMEDIATE_ROWS", 10)
    app = create_app(config)
    start(app)
    try:
        Person(app).sign_in("alice")
        assert wait_until(lambda: _indexed(app) == _last(app) and _last(app))
    finally:
        stop(app)


def _indexed(app: Flask) -> int:
    return _scalar(app, select(state.c.indexed_row_version))


def _last(app: Flask) -> int:
    return _scalar(app, select(func.max(calls.c.row_version)))


def _scalar(app: Flask, query: Select[tuple[int]]) -> int:
    with app.extensions[EXTENSION].replica.store.engine.connect() as connection:
        return connection.scalar(query) or 0
