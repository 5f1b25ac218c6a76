"""Every page: security headers, caching, titles and descriptions, and no code of its own."""

import re

import pytest
from flask import Flask

from tests.support.person import Person
from tests.support.sandbox import Sandbox

ANSWERS = ("/", "/login", "/calls", "/healthz", "/readyz", "/nowhere", "/calls/nothing", "/logout")
PAGES = ("/login", "/calls", "/insights", "/nowhere")


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


def test_a_built_file_is_compressed_and_cacheable_forever(stranger: Person) -> None:
    style = str(stranger.get("/login").find("link[rel=stylesheet]")["href"])

    with stranger.client.get(style, headers={"Accept-Encoding": "br"}) as answer:
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] == "br"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_compressed(stranger: Person) -> None:
    answer = stranger.client.get("/login", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"


def test_no_page_has_inline_code_and_every_changing_form_has_a_token(
    alice: Person, stranger: Person, call_id: str
) -> None:
    for person, path in (
        (stranger, "/login"),
        (alice, "/calls"),
        (alice, f"/calls/{call_id}"),
        (alice, "/no"),
    ):
        page = person.get(path).page
        assert not page.select("style, script:not([src]), [style], [onclick]")
        for form in page.select("form[method=post]"):
            assert form.select_one("[name=csrf_token]")


@pytest.mark.parametrize("path", ["/calls/archive", "/calls/00000000-0000-4000-8000-000000000000/notes"])
def test_no_change_is_made_without_a_token(alice: Person, sandbox: Sandbox, path: str) -> None:
    before = sandbox.counters()

    answer = alice.client.post(path, data={"archived": "true", "content": "x"})

    assert answer.status_code == 400
    assert "expired" in answer.text
    after = sandbox.counters()
    assert (after.notes_added, after.archive_flips, after.call_reads) == (0, 0, before.call_reads)


def test_an_unexpected_exception_shows_nothing_internal(app: Flask) -> None:
    app.view_functions["ops.healthz"] = lambda: 1 / 0  # type: ignore[assignment]

    answer = app.test_client().get("/healthz")

    assert answer.status_code == 500
    assert "This is our mistake" in answer.text
    assert "ZeroDivision" not in answer.text


def test_the_title_names_the_page(alice: Person, call_id: str) -> None:
    def title_of(path: str) -> str:
        title = alice.get(path).find("head title").get_text().removesuffix(" · Callboard")
        # How many missed calls wait.
        return re.sub(r"^\(\d+\) ", "", title)

    paths = ("/calls", "/calls?view=archived", "/calls?view=all&per_page=10&page=2", "/insights", "/nowhere")
    assert [title_of(path) for path in paths] == [
        "Inbox",
        "Archived calls",
        "All calls, page 2",
        "Insights",
        "There is nothing here",
    ]
    title = title_of(f"/calls/{call_id}")
    assert title == f"{alice.find('#call .kind__label').text}, {alice.find('h1 .number').text}"


def test_the_titles_of_list_and_call_begin_with_the_number_of_missed_calls(
    alice: Person, call_id: str
) -> None:
    counted = [
        str(alice.get(path).find("head > title").string).split()[0]
        for path in ("/calls", f"/calls/{call_id}")
    ]

    assert re.fullmatch(r"\([1-9][0-9]*\)", counted[0])
    assert counted[0] == counted[1]


def test_a_page_has_an_icon_colors_and_a_description(alice: Person, stranger: Person) -> None:
    for path in PAGES:
        person = (stranger if path == "/login" else alice).get(path)

        with person.client.get(str(person.find("link[rel=icon]")["href"])) as icon:
            assert icon.mimetype == "image/svg+xml"
        assert {str(each["media"]) for each in person.page.select("meta[name=theme-color]")} == {
            "(prefers-color-scheme: light)",
            "(prefers-color-scheme: dark)",
        }
        description = str(person.find("meta[name=description]")["content"])
        assert "phone calls" in description
        assert person.find("meta[property='og:description']")["content"] == description
        assert person.find("meta[property='og:title']")["content"] == "Callboard"
