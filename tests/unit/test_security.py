"""Security: which origins are ours, which requests are refused, and where redirects may lead."""

from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from aircall.web import i18n, security
from aircall.web.security import is_own_origin, local_path, see_other

HOST = "calls.example"


@pytest.mark.parametrize(
    ("sent", "host", "configured", "is_own"),
    [
        ("https://calls.example", HOST, None, True), ("http://calls.example", HOST, None, True),
        ("http://calls.example:8000", "calls.example:8000", None, True),
        ("http://[::1]:8000", "[::1]:8000", None, True), ("http://calls.example:8000", HOST, None, False),
        ("https://evil.example", HOST, None, False),
        ("https://calls.example.evil.example", HOST, None, False),
        ("https://evil@calls.example", HOST, None, False), ("null", HOST, None, False),
        ("null", "", None, False), ("", "", None, False), ("file://", "", None, False),
        ("calls.example", HOST, None, False), (None, HOST, None, False), (None, "", None, False),
        ("http://[", HOST, None, False),
        ("https://calls.example", "internal:8000", "https://calls.example", True),
        ("http://calls.example", HOST, "https://calls.example", False),
        ("https://internal:8000", "internal:8000", "https://calls.example", False),
        ("null", HOST, "https://calls.example", False), (None, HOST, "https://calls.example", False),
    ],
)  # fmt: skip
def test_an_origin_is_ours_by_the_configured_one_or_else_by_the_host(
    sent: str | None, host: str, configured: str | None, is_own: bool
) -> None:
    assert is_own_origin(sent, host, configured) is is_own


@given(st.text() | st.from_regex(r"https?://[\[\]:/@\\?#.a-z%0-9]*", fullmatch=True))
def test_only_our_own_host_is_ours(sent: str) -> None:
    assert is_own_origin(sent, HOST, None) is (
        sent.partition("://")[2].split("/")[0] == HOST and "://" in sent
    )


def make_site() -> Flask:
    """Return an application with some of our routes and a form, behind the origin check."""
    app = Flask(__name__)
    app.add_url_rule("/calls", "calls.index", lambda: "")
    app.add_url_rule("/calls/<call_id>", "calls.show", lambda call_id: call_id)
    app.add_url_rule("/logout", "login.log_out", lambda: "", methods=["POST"])
    app.add_url_rule("/form", "form", lambda: "", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    i18n.register(app)
    security.register(app, public_origin=None)
    return app


SITE = "https://calls.example"
APP = make_site()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://["}, {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    ],
)  # fmt: skip
def test_a_change_from_another_sites_page_is_refused(method: str, headers: dict[str, str]) -> None:
    assert APP.test_client().open("/form", method=method, headers=headers).status_code == 403
    # A link on another site may lead here.
    assert APP.test_client().get("/form", headers=headers).status_code == 200


@pytest.mark.parametrize("origin", [{}, {"Origin": "http://localhost"}])
@pytest.mark.parametrize("site", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
def test_a_change_from_our_own_page_or_from_none_is_accepted(
    origin: dict[str, str], site: dict[str, str]
) -> None:
    assert APP.test_client().post("/form", headers=origin | site).status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "/calls", "/calls?view=all&page=2", "/calls/7876e2eb-1a50-4a7e-afb5-2936cbe6e814?q=%2B33%201",
        "/calls#call-1", "/calls?next=//evil.example", "/static/logo.svg",
    ],
)  # fmt: skip
def test_a_path_of_one_of_our_pages_is_redirected_to_by_get(target: str) -> None:
    with APP.test_request_context(base_url=SITE):
        answer = see_other(target)

        assert local_path(target) == target
    assert (answer.status_code, answer.headers["Location"]) == (303, target)


@pytest.mark.parametrize(
    "target",
    [
        None, "", "calls", "/", "/nowhere", "/calls/archive/now", "//evil.example", "//evil.example/calls",
        "///evil.example/calls", "////evil.example", "/\\evil.example", "\\\\evil.example",
        "/calls\\..\\..\\evil.example", "/calls?next=\\evil.example", "/\t/evil.example",
        "/\n/evil.example", "/\r\nLocation: https://evil.example", "/calls\r\nSet-Cookie: a=b",
        "/calls\x00", "/calls\x7f", " /calls", "\t//evil.example", "https://evil.example",
        "https:evil.example", "https:/evil.example", "https:///evil.example/calls", "HTTPS://evil.example",
        "https://calls.example/calls", "https://calls.example@evil.example", "javascript:alert(1)",
        "JaVaScRiPt:alert(1)", "data:text/html,x", "/%2F/evil.example", "/.//evil.example",
        "/..//evil.example", "/calls/..//evil.example", "/calls//evil.example", "/@evil.example",
        "@evil.example", ".evil.example", "/\N{FULLWIDTH SOLIDUS}evil.example",
        "/\N{DIVISION SLASH}evil.example", "\N{FULLWIDTH SOLIDUS}\N{FULLWIDTH SOLIDUS}evil.example",
        "/calls/é", "?next=/calls", "#/calls",
        # For POST alone.
        "/logout",
    ],
)  # fmt: skip
def test_anything_else_leads_to_the_call_list(target: str | None) -> None:
    with APP.test_request_context(base_url=SITE):
        assert local_path(target) is None
        assert see_other(target).headers["Location"] == "/calls"


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
def test_a_redirect_never_leaves_this_site(target: str) -> None:
    with APP.test_request_context(base_url=SITE):
        location = see_other(target).headers["Location"]

    assert location.startswith("/")
    assert location.isascii()
    assert location.isprintable()
    # Browsers drop tabs and line breaks, and read a backslash as a slash.
    assert "\\" not in location
    assert urlsplit(urljoin(SITE, location)).netloc == "calls.example"
