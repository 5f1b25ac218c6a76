"""Where a person is sent: to pages of this site, whatever was asked for."""

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from aircall.web.security import local_path, see_other

SITE = "https://calls.example"


def make_app() -> Flask:
    """Pages with the addresses that ours have."""
    app = Flask(__name__)
    app.add_url_rule("/calls", "calls.index", lambda: "")
    app.add_url_rule("/calls/<call_id>", "calls.show", lambda call_id: call_id)
    app.add_url_rule("/logout", "login.log_out", lambda: "", methods=["POST"])
    return app


APP = make_app()


@pytest.fixture(autouse=True)
def app() -> Iterator[None]:
    """A request to this site is under way."""
    with APP.test_request_context(base_url=SITE):
        yield


@pytest.mark.parametrize(
    "target",
    [
        "/calls",
        "/calls?view=all&page=2",
        "/calls/7876e2eb-1a50-4a7e-afb5-2936cbe6e814?q=%2B33%201",
        "/calls#call-1",
        "/calls?next=//evil.example",
        "/static/logo.svg",
    ],
)
def test_a_path_of_one_of_our_pages_is_kept_as_it_is(target: str) -> None:
    assert local_path(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "calls",
        "/",
        "/nowhere",
        "/calls/archive/now",
        "//evil.example",
        "//evil.example/calls",
        "///evil.example/calls",
        "////evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/calls\\..\\..\\evil.example",
        "/calls?next=\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\nLocation: https://evil.example",
        "/calls\r\nSet-Cookie: a=b",
        "/calls\x00",
        "/calls\x7f",
        " /calls",
        "\t//evil.example",
        "https://evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:///evil.example/calls",
        "HTTPS://evil.example",
        "https://calls.example/calls",
        "https://calls.example@evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "/%2F/evil.example",
        "/.//evil.example",
        "/..//evil.example",
        "/calls/..//evil.example",
        "/calls//evil.example",
        "/@evil.example",
        "@evil.example",
        ".evil.example",
        "/\N{FULLWIDTH SOLIDUS}evil.example",
        "/\N{DIVISION SLASH}evil.example",
        "\N{FULLWIDTH SOLIDUS}\N{FULLWIDTH SOLIDUS}evil.example",
        "/calls/é",
        "?next=/calls",
        "#/calls",
    ],
)
def test_anything_else_is_refused(target: str | None) -> None:
    assert local_path(target) is None


def test_what_can_only_be_posted_to_is_no_page() -> None:
    assert local_path("/logout") is None


PIECES = st.sampled_from(
    ["//", "..", "calls", "calls/x", "evil.example", "https:", "%2f", "%5c", "%00", "\r\n"]
)
CHARACTERS = st.sampled_from("/\\@:?#.;& é\t\x00\u2028\N{FULLWIDTH SOLIDUS}")
TARGETS = (
    st.text()
    | st.lists(PIECES | CHARACTERS, max_size=8).map("".join)
    | st.text().map(lambda text: f"/calls{text}")
)


@given(TARGETS)
@settings(max_examples=1000)
def test_whatever_is_asked_for_a_browser_stays_on_this_site(target: str) -> None:
    with APP.test_request_context(base_url=SITE):
        location = see_other(target).headers["Location"]

    assert location.startswith("/")
    assert location.isascii()
    assert location.isprintable()
    # Browsers drop tabs and line breaks, and read a backslash as a slash.
    assert "\\" not in location
    assert urlsplit(urljoin(SITE, location)).netloc == "calls.example"


def test_after_a_form_one_is_sent_on_by_get() -> None:
    answer = see_other("/calls?page=2")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/calls?page=2"


@pytest.mark.parametrize("target", [None, "", "//evil.example", "/nowhere"])
def test_who_asked_for_no_page_of_ours_is_sent_to_the_call_list(target: str | None) -> None:
    assert see_other(target).headers["Location"] == "/calls"
