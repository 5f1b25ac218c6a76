"""The pages while the calls are read for the first time, for who runs no scripts."""

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
    """Somebody signed in to a dashboard that has not begun to read the calls."""
    app = create_app(config)
    yield Person(app).sign_in("alice")
    stop(app)


@pytest.mark.parametrize("path", ["/calls", "/insights"])
def test_the_plain_page_follows_the_reading_but_seldom(reader: Person, path: str) -> None:
    reader.get(path)

    assert reader.find(REFRESH)["content"] == "10"


@pytest.mark.parametrize("path", ["/calls?q=refund", "/calls?view=all", "/insights?type=missed"])
def test_a_page_that_somebody_works_with_is_not_loaded_again_but_by_its_link(
    reader: Person, path: str
) -> None:
    reader.get(path)

    assert not reader.page.select(REFRESH)
    assert reader.find("noscript a")["href"] == path


@pytest.mark.parametrize("path", ["/calls", "/insights"])
def test_filters_can_be_cleared_before_anything_was_found(reader: Person, path: str) -> None:
    reader.get(f"{path}?q=refund&per_page=50")

    assert "The calls are being read" in reader.text
    (clear,) = (link for link in reader.page.select("a") if "Clear filters" in link.text)
    assert clear["href"] == f"{path}?view=inbox&per_page=50"


def test_the_index_of_searches_has_all_calls_soon_after_the_reading(
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
