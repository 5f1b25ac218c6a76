"""Numbers that dial the same are equal, and no others."""

import pytest

from aircall.calls.phone_numbers import (
    caller_number,
    line_number,
    number_key,
    searched_spellings,
    spellings,
)


@pytest.mark.parametrize(
    "texts",
    [
        ("+33123456789", "0033 1 23 45 67 89", "+33 (0)1 23 45 67 89", "tel:+33-1-23-45-67-89"),
        ("+33123456789", "sip:+33123456789@example.com;user=phone", "SIPS:+33123456789@example.org"),
        ("+33123456789;ext=12", "+33 1 23 45 67 89 ext. 12", "tel:+33123456789;ext=12", "+33123456789x12"),
        ("+33123456789;ext=12", "+33 1 23 45 67 89, poste 12", "0033123456789 extension 12"),
        ("sip:alice1@example.com", "sip:Alice1@Example.com:5061;transport=tls", "sips:alice1@example.com"),
        ("*98", "* 98"),
        ("1-800-FLOWERS", "1-800-flowers"),
    ],
)
def test_spellings_of_a_number_have_one_key(texts: tuple[str, ...]) -> None:
    assert {number_key(text) for text in texts} == {number_key(texts[0])}
    assert number_key(texts[0])


def test_what_dials_another_has_another_key() -> None:
    texts = [
        "+33123456789", "+33123456789;ext=12", "+33123456789;ext=1", "0223456789", "sip:alice1@example.com",
        "sip:bob1@example.com", "sip:alice1@example.org", "sip:1001@example.com", "sip:1001@example.org",
        "1001", "*98", "98", "#31#98", "*100#", "100", "Room 98", "1-800-FLOWERS", "3900",
    ]  # fmt: skip

    assert len({number_key(text) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    "text", ["", " ", "anonymous", "Private", "No caller ID", "+266696687", "sip:anonymous@anonymous.invalid"]
)
def test_a_withheld_number_has_no_key(text: str) -> None:
    assert number_key(text) == ""


@pytest.mark.parametrize(
    "text", ["*98", "#31#0612345678", "*100#", "+33 1 23 45 67 89 ext. 12", "3900", "tel:+33123456789;ext=12"]
)
def test_what_is_shown_is_found(text: str) -> None:
    assert any(form in spellings(text) for form in searched_spellings(text))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0033 (0)1 23 45 67 89", "+33123456789"),
        ("33123456789", "+33123456789"),
        ("+33 1 23 45 67 89 ext. 12", "+33123456789;ext=12"),
        ("01 23 45 67 89", "123456789"),
        ("sip:Alice1@Example.com:5061", "sip:alice1@example.com"),
        ("* 98", "*98"),
        ("112", "112"),
        ("anonymous", ""),
    ],
)
def test_a_caller_has_one_number_in_urls_and_it_is_the_same_number(text: str, number: str) -> None:
    assert caller_number(text) == number
    assert number_key(caller_number(text)) == number_key(text)


def test_all_spellings_of_a_line_are_one() -> None:
    assert {line_number(text) for text in ("+33 1 23 45 67 89", "0033123456789")} == {"+33123456789"}
    assert line_number("sip:desk@example.com") == "sip:desk@example.com"
    assert line_number("0123456789") == "0123456789"
