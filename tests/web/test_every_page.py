"""Every page: security headers, caching, titles and descriptions, and no code of its own."""

import re

from flask import Flask

from tests.support.person import Person

ANSWERS = (
    "/", "/login", "/calls", "/callers", "/healthz", "/readyz", "/nowhere", "/calls/nothing", "/logout",
)  # fmt: skip


def test_every_response_has_the_security_headers(alice: Person) -> None:
    for path in ANSWERS:
        headers = alice.client.get(path).headers

        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "Server" not in headers


def test_pages_and_built_files_are_compressed_and_the_files_are_cacheable_forever(stranger: Person) -> None:
    page = stranger.client.get("/login", headers={"Accept-Encoding": "gzip"})
    style = str(stranger.get("/login").find("link[rel=stylesheet]")["href"])

    assert page.headers["Content-Encoding"] == "gzip"
    with stranger.client.get(style, headers={"Accept-Encoding": "br"}) as answer:
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] == "br"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_page_has_inline_code_and_every_changing_form_has_a_token(
    alice: Person, stranger: Person, call_id: str
) -> None:
    paths = ("/calls?view=all", "/insights?view=all", "/callers", "/sessions", f"/calls/{call_id}", "/no")
    for path in ("/login", *paths):
        page = (stranger if path == "/login" else alice).get(path).page
        assert not page.select("style, script:not([src]), [style], [onclick]")
        for form in page.select("form[method=post]"):
            assert form.select_one("[name=csrf_token]")


def test_an_unexpected_exception_shows_nothing_internal(app: Flask) -> None:
    app.view_functions["ops.healthz"] = lambda: 1 / 0  # type: ignore[assignment]

    answer = app.test_client().get("/healthz")

    assert answer.status_code == 500
    assert "This is our mistake" in answer.text
    assert "ZeroDivision" not in answer.text


def test_the_title_names_the_page_after_the_number_of_missed_calls(alice: Person, call_id: str) -> None:
    def title_of(path: str) -> str:
        return alice.get(path).find("head title").get_text().removesuffix(" · Callboard")

    paths = ("/calls", "/calls?view=archived", "/calls?view=all&per_page=10&page=2", "/insights", "/nowhere")
    counted = title_of("/calls").partition(" ")[0]
    assert re.fullmatch(r"\([1-9][0-9]*\)", counted)
    assert [title_of(path) for path in paths] == [
        f"{counted} Inbox",
        f"{counted} Archived calls",
        f"{counted} All calls, page 2",
        "Insights",
        "There is nothing here",
    ]
    title = title_of(f"/calls/{call_id}")
    assert title == f"{counted} {alice.find('#call .kind__label').text}, {alice.find('h1 .number').text}"


def test_a_page_has_an_icon(alice: Person, stranger: Person) -> None:
    for path in ("/login", "/calls", "/insights", "/nowhere"):
        person = (stranger if path == "/login" else alice).get(path)

        with person.client.get(str(person.find("link[rel=icon]")["href"])) as icon:
            assert icon.mimetype == "image/svg+xml"


def test_the_page_that_strangers_see_says_what_this_is(stranger: Person) -> None:
    stranger.get("/calls")

    description = str(stranger.find("meta[name=description]")["content"])
    assert "phone calls" in description
    assert stranger.find("meta[property='og:description']")["content"] == description
    assert stranger.find("meta[property='og:title']")["content"] == "Callboard"


def test_the_words_for_trouble_say_since_when_and_do_not_repeat_the_words_of_the_indicator(
    alice: Person,
) -> None:
    words = {
        name: str(text) for name, text in alice.get("/calls").find("#banner").attrs.items() if "data-" in name
    }

    assert words.keys() == {
        f"data-{name}" for name in ("network", "server", "socket", "silent", "unreadable", "link")
    }
    for text in words.values():
        assert text.count("%(time)s") == 1
        assert not re.search("live|reconnecting|offline", text.lower())
    assert [name for name, text in words.items() if "keep working" in text] == ["data-socket"]
