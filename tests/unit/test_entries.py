"""What may be in the directory: cleaned, checked, and folded for searches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.calls.phone_numbers import fold_text
from aircall.team.entries import (
    MAX_NAME,
    MAX_NUMBERS,
    Draft,
    FieldProblem,
    InvalidEntryError,
    Kind,
    Problem,
)

NUMBER = "+33189393946"


def problems(**fields: object) -> list[FieldProblem]:
    """Why these fields cannot be stored."""
    given: dict[str, object] = {"name": "Marie", "numbers": [NUMBER], **fields}
    with pytest.raises(InvalidEntryError) as refused:
        Draft.of(**given)  # type: ignore[arg-type]  # wrong on purpose
    return list(refused.value.problems)


def test_texts_are_cleaned() -> None:
    draft = Draft.of(
        name="  Jose\u0301\t García \n",
        company="\u00a0",
        kind="line",
        numbers=["", f" {NUMBER} ", "0033189393946"],
    )

    assert draft == Draft(name="José García", company="", kind=Kind.LINE, numbers=(NUMBER,))
    assert draft.keys == ("33189393946",)
    assert "García" not in repr(draft)


@pytest.mark.parametrize(
    "name",
    [
        "<b>O'Brien & Söhne</b>",
        "محمد علي",
        "👩\u200d👩\u200d👧 Familie",
        "=SUM(A1)",
        "%(name)s",
        "{{ 7*7 }}",
        "x" * 120,
    ],
)
def test_any_text_can_be_a_name(name: str) -> None:
    assert Draft.of(name=name, numbers=[NUMBER]).name == name


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", Problem.EMPTY),
        (" \n\u00a0", Problem.EMPTY),
        ("\u200b\u2060\u0301", Problem.EMPTY),
        ("x" * (MAX_NAME + 1), Problem.TOO_LONG),
        ("null\x00byte", Problem.UNDISPLAYABLE),
        ("bell\x07", Problem.UNDISPLAYABLE),
        ("lone \ud800", Problem.UNDISPLAYABLE),
        ("turned \u202eround", Problem.UNDISPLAYABLE),
    ],
)
def test_a_name_that_cannot_be_shown_is_refused(name: str, problem: Problem) -> None:
    assert problems(name=name) == [FieldProblem("name", problem)]


def test_every_problem_is_told_at_once() -> None:
    found = problems(name="", company="x\x00", kind="friend", numbers=["anonymous", "+" * 65])

    assert found == [
        FieldProblem("name", Problem.EMPTY),
        FieldProblem("company", Problem.UNDISPLAYABLE),
        FieldProblem("kind", Problem.UNKNOWN),
        FieldProblem("number", Problem.NOT_A_NUMBER),
        FieldProblem("number", Problem.TOO_LONG),
    ]
    assert problems(numbers=[]) == [FieldProblem("number", Problem.EMPTY)]
    many = [f"+3360000{number:04}" for number in range(MAX_NUMBERS + 1)]
    assert problems(numbers=many) == [FieldProblem("number", Problem.TOO_MANY)]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Éva ŁÓDŹ", "eva lodz"),
        ("Straße", "strasse"),
        ("Cœur", "coeur"),
        ("ﬁn ①", "fin 1"),
        ("Ørsted", "orsted"),
    ],
)
def test_searches_ignore_case_accents_and_ligatures(text: str, folded: str) -> None:
    assert fold_text(text) == folded


@given(st.text())
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    assert fold_text(fold_text(text)) == fold_text(text)
