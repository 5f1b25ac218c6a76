"""Notes as pages show them: excerpts, what was found in them, and links."""

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from aircall.calls.search_terms import searched_texts
from aircall.web.note_text import EXCERPT, excerpt, found_excerpt, is_visible, linked, typed
from tests.support.made_calls import made_notes

PIECES = st.sampled_from(
    [
        "https://", "http://x.fr/a?b=1&c=2", "javascript:alert(1)", "<b>", '"', "'", "&amp;", ">", "<script>",
        "a@b.fr", "mailto:", "\u202e", "\u200b", "+33 6 12 34 56 78", "01 89 39 46 35", " ", "\n", "é", "//",
        "onmouseover=x", ")",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=12).map("".join)


@given(TEXTS)
def test_whatever_a_note_contains_it_reads_as_written_and_only_leads_to_addresses_and_numbers(
    text: str,
) -> None:
    page = BeautifulSoup(f"<p>{linked(text, '+33189394635')}</p>", "html.parser")

    assert page.get_text() == text
    assert {tag.name for tag in page.find_all(True)} <= {"p", "a"}
    for link in page.find_all("a"):
        assert set(link.attrs) <= {"href", "rel"}
        assert str(link["href"]).startswith(("http://", "https://", "mailto:", "tel:"))
        assert ("rel" in link.attrs) is str(link["href"]).startswith("http")


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("see https://example.com/a?b=1&c=(d), thanks", ["https://example.com/a?b=1&c=(d)"]),
        ("(HTTPS://Example.com/x).", ["https://Example.com/x"]),
        ("https://example.com/\u202egpj.exe", ["https://example.com/"]),
        ("write to a.b+c@mail.example.fr.", ["mailto:a.b+c@mail.example.fr"]),
        ("call +44 20 7946 0958 or 01 89 39 46 35", ["tel:+44-20-7946-0958", "tel:+33-1-89-39-46-35"]),
        ("javascript:alert(1) ftp://example.com data:text/html,x https:// a@b", []),
        ("on 2026-11-24 at 10:30, order 4711", []),
    ],
)
def test_addresses_and_numbers_are_links(text: str, addresses: list[str]) -> None:
    page = BeautifulSoup(linked(text, "+33189394635"), "html.parser")

    assert [link["href"] for link in page.find_all("a")] == addresses


def test_an_excerpt_is_one_line_of_whole_words_and_keeps_part_of_a_long_word() -> None:
    assert excerpt("  One\n\ttwo ") == "One two"
    words = excerpt("word " * 50)
    assert words.endswith("word…")
    assert EXCERPT - 10 < len(words) <= EXCERPT
    assert excerpt("x" * 5000) == "x" * (EXCERPT - 1) + "…"
    assert excerpt("see " + "y" * 200) == "see " + "y" * (EXCERPT - 5) + "…"
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert excerpt("z" * (EXCERPT - 3) + family * 5) == "z" * (EXCERPT - 3) + "…"


def test_what_was_searched_is_marked_in_the_note_that_has_most_of_it() -> None:
    notes = made_notes("Paid <b>twice</b>", "Sent the " + "long " * 30 + "INVOICE to Zoë & co, paid")

    shown = found_excerpt(notes, searched_texts("zoe paid"))

    assert shown.startswith("…")
    assert "INVOICE to <mark>Zoë</mark> &amp; co, <mark>paid</mark>" in shown
    assert found_excerpt(notes, searched_texts("twice")) == "Paid &lt;b&gt;<mark>twice</mark>&lt;/b&gt;"
    assert found_excerpt(notes, searched_texts("+33612345678")) == ""


@given(st.lists(TEXTS, max_size=3), TEXTS)
def test_an_excerpt_of_any_note_is_escaped_and_short(texts: list[str], search: str) -> None:
    shown = found_excerpt(made_notes(*texts), searched_texts(search))

    page = BeautifulSoup(f"<p>{shown}</p>", "html.parser")
    assert {tag.name for tag in page.find_all(True)} <= {"p", "mark"}
    assert len(page.get_text()) <= EXCERPT + 2


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u2060\ufeff", "\u0301", "\u3164\u2800", "\u202e"])
def test_a_text_of_which_nothing_is_seen_is_empty(text: str) -> None:
    assert not is_visible(text)
    assert is_visible(f"{text}.")
    assert is_visible(f"{text}\U0001f44d")


def test_line_breaks_are_those_that_were_typed() -> None:
    assert typed("one\r\ntwo\rthree\n") == "one\ntwo\nthree\n"
    assert typed(None) is None
