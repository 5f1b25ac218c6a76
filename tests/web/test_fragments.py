"""Rows are rendered once per state of a call, language and zone, and kept within a limit."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from aircall.models import Call
from aircall.web.fragments import PLACE, QUERY_PLACE, CallRows, FragmentCache
from aircall.web.people import NOBODY, People
from app import create_app
from config import Config
from tests.support.made_calls import call_id, made_call, made_notes

PARIS, KATHMANDU = "Europe/Paris", "Asia/Kathmandu"
HOSTILE = [
    "\x00",
    "\x00\x00",
    'x"\x00>',
    "<b>\x00</b>",
    "\x01\x1f\x7f",
    "&#0;",
    "&#x0;",
    "%00",
    "\\x00",
    "\ud800",
]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> CallRows:
    """Rows of an application that serves no request."""
    return CallRows(_app(str(tmp_path_factory.mktemp("data"))))


def _app(data_dir: str) -> Flask:
    return create_app(Config.from_environment({"DATA_DIR": data_dir}))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_call_takes_the_place_of_the_query(rows: CallRows, text: str) -> None:
    call = Call.from_json(
        {
            "id": call_id(1),
            "direction": text,
            "call_type": text,
            "from": text,
            "to": text,
            "via": text,
            "created_at": text,
            "notes": [{"id": text, "content": text}],
        }
    )
    row = rows.row(call, NOBODY, "en", PARIS)
    assert row.count(QUERY_PLACE) == 1
    assert f'href="/calls/{call.id}{QUERY_PLACE}"' in row


@given(st.text())
def test_the_links_of_rows_carry_any_query_safely(rows: CallRows, query: str) -> None:
    page = BeautifulSoup(rows.rows([made_call()], People({}, 0), "en", PARIS, f"?q={query}"), "html.parser")
    assert [str(link["href"]) for link in page.select("a")] == [f"/calls/{call_id(1)}?q={query}"]


def test_a_row_follows_the_call_the_language_and_the_zone(rows: CallRows) -> None:
    call = made_call(call_type="voicemail", direction="inbound")
    noted = made_call(call_type="voicemail", direction="inbound", notes=made_notes("Ring back"))
    archived = made_call(call_type="voicemail", direction="inbound", is_archived=True)
    for _ in range(2):
        assert "Voicemail" in (english := rows.row(call, NOBODY, "en", PARIS))
        assert ">13:00</time>" in english
        assert ">17:45</time>" in rows.row(call, NOBODY, "en", KATHMANDU)
        assert "Message vocal" in rows.row(call, NOBODY, "fr", PARIS)
        assert "Ring back" in rows.row(noted, NOBODY, "en", PARIS)
        assert 'data-archived="true"' in rows.row(archived, NOBODY, "en", PARIS)
        assert rows.row(call, NOBODY, "en", PARIS) == english


def test_the_language_of_a_row_is_not_that_of_the_request(rows: CallRows, tmp_path: Path) -> None:
    app = _app(str(tmp_path))
    with app.test_request_context(headers={"Accept-Language": "fr"}):
        assert rows.row(made_call(2), NOBODY, "en", PARIS) == rows.row(made_call(2), NOBODY, "en", PARIS)
        assert "Missed" in rows.row(made_call(3), NOBODY, "en", PARIS)


def test_the_least_recently_used_fragments_make_room() -> None:
    html = "x" * 1000
    cache = FragmentCache(limit=7 * sys.getsizeof(html))
    rendered: list[str] = []

    def render(key: str) -> str:
        rendered.append(key)
        return html

    for key in ("a", "b", "c", "a", "d", "a", "c", "b"):
        cache.get(key, partial(render, key))
    assert rendered == ["a", "b", "c", "d", "b"]


def test_a_large_key_counts() -> None:
    cache = FragmentCache(limit=10_000)
    cache.keep("small", "y")
    cache.keep("large", "x", key_size=20_000)
    assert (cache.find("small"), cache.find("large")) == ("y", None)


def test_what_is_personal_is_put_in_afterwards_and_never_kept(tmp_path: Path) -> None:
    app = _app(str(tmp_path))
    fragment = cast(Callable[..., str], app.jinja_env.globals["fragment"])

    def header(username: str) -> str:
        personal = {"username": username, "csrf_token": f"token of {username}"}
        values = {"is_live": True, "is_signed_in": True, "here": "calls.index"}
        return str(fragment("_header.html", **values, personal=personal))

    with app.test_request_context():
        assert "&lt;alice&gt;" in (first := header("<alice>"))
        assert "token of &lt;alice&gt;" in first
        assert first == header("<alice>") != header("bob")
        assert "alice" not in header("bob")
        # A name that looks like a place is shown as it is.
        assert f"{PLACE}csrf_token{PLACE}<" in "".join(header(f"{PLACE}csrf_token{PLACE}").split())
