"""What is searched for, and where a text has it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.calls.phone_numbers import fold_text
from aircall.calls.search_terms import find_places, search_terms, searched_texts


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Crème BRÛLÉE", "creme brulee"), ("Straße GROẞ", "strasse gross"),
        ("İstanbul \u0131s\u0131", "istanbul isi"),
        ("Œuvre Ærø ŁÓDŹ", "oeuvre aero lodz"), ("ΟΔΌΣ οδός", "οδοσ οδοσ"), ("Ёлка ЙОД", "елка иод"),
        ("ﬁnance Ⅷ \uff12\uff14", "finance viii 24"),
        ("a\u00adb\u200e\u202ac", "abc"), ("e\u0301\u0327", "e"),
    ],
)  # fmt: skip
def test_a_text_is_compared_without_case_accents_ligatures_and_invisible_characters(
    text: str, folded: str
) -> None:
    assert fold_text(text) == folded


@given(st.text())
def test_equivalent_texts_are_compared_alike_and_a_folded_text_stays(text: str) -> None:
    folded = fold_text(text)

    assert fold_text(folded) == folded
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert fold_text(unicodedata.normalize(form, text)) == folded
    assert fold_text(text.casefold()) == folded


@given(st.lists(st.text(min_size=1), max_size=4), st.data())
def test_what_was_found_is_found_in_the_text_as_it_was_written(texts: list[str], data: st.DataObject) -> None:
    text = "".join(texts)
    start = data.draw(st.integers(0, len(text)))
    part = text[start : start + 5]
    wanted = fold_text(part)

    places = find_places(text, frozenset({wanted} - {""}))

    assert bool(places) == bool(wanted)
    assert all(wanted in fold_text(text[begin:end]) for begin, end in places)
    assert all(0 <= begin < end <= len(text) for begin, end in places)
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "search", "marked"),
    [
        ("Un CAFÉ noir", "cafe", ["CAFÉ"]),
        ("cafe\u0301 noir", "CAFÉ noir", ["cafe\u0301", "noir"]),
        ("Straße", "ss", ["ß"]),
        ("x" * 200 + "é" + "abc", "EABC", ["éabc"]),
        ("ring 06 12 now", "06 12", ["06 12"]),
        ("banana", "ana nan", ["anana"]),
        ("nothing", "xyz", []),
    ],
)
def test_the_words_that_were_found_are_marked(text: str, search: str, marked: list[str]) -> None:
    places = find_places(text, searched_texts(search))

    assert [text[begin:end] for begin, end in places] == marked


@given(st.text(max_size=200))
def test_any_text_can_be_searched(search: str) -> None:
    terms = search_terms(search)

    assert all(
        word.text or word.numbers or not fold_text(search) for term in terms for each in term for word in each
    )
