"""Which requests come from one of our own pages."""

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from aircall.web import i18n, security
from aircall.web.security import is_own_origin

HOST = "calls.example"


@pytest.mark.parametrize(
    ("sent", "host", "configured", "is_own"),
    [
        ("https://calls.example", HOST, None, True),
        ("http://calls.example", HOST, None, True),
        ("http://calls.example:8000", "calls.example:8000", None, True),
        ("http://[::1]:8000", "[::1]:8000", None, True),
        ("http://calls.example:8000", HOST, None, False),
        ("https://evil.example", HOST, None, False),
        ("https://calls.example.evil.example", HOST, None, False),
        ("https://evil@calls.example", HOST, None, False),
        ("null", HOST, None, False),
        ("null", "", None, False),
        ("", "", None, False),
        ("file://", "", None, False),
        ("calls.example", HOST, None, False),
        (None, HOST, None, False),
        (None, "", None, False),
        ("http://[", HOST, None, False),
        ("https://calls.example", "internal:8000", "https://calls.example", True),
        ("http://calls.example", HOST, "https://calls.example", False),
        ("https://internal:8000", "internal:8000", "https://calls.example", False),
        ("null", HOST, "https://calls.example", False),
        (None, HOST, "https://calls.example", False),
    ],
)
def test_an_origin_is_ours_by_the_configured_one_or_else_by_the_host(
    sent: str | None, host: str, configured: str | None, is_own: bool
) -> None:
    assert is_own_origin(sent, host, configured) is is_own


@given(st.text() | st.from_regex(r"https?://[\[\]:/@\\?#.a-z%0-9]*", fullmatch=True))
def test_whatever_is_sent_only_our_own_host_is_ours(sent: str) -> None:
    assert is_own_origin(sent, HOST, None) is (
        sent.partition("://")[2].split("/")[0] == HOST and "://" in sent
    )


@pytest.fixture
def app() -> Flask:
    """A page that answers whatever is sent to it, unless it is refused."""
    app = Flask(__name__)
    app.add_url_rule("/", "anything", lambda: "done", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    i18n.register(app)
    security.register(app, public_origin=None, is_https=False)
    return app


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    ],
)
def test_a_change_that_another_sites_page_asks_for_is_refused(
    app: Flask, method: str, headers: dict[str, str]
) -> None:
    answer = app.test_client().open("/", method=method, headers=headers)

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_change_from_our_own_page_or_from_no_page_at_all_is_let_through(
    app: Flask, headers: dict[str, str]
) -> None:
    answer = app.test_client().post("/", headers=headers)

    assert answer.status_code == 200


def test_a_link_on_another_site_may_lead_here(app: Flask) -> None:
    answer = app.test_client().get("/", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 200
