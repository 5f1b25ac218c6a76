"""A guarded cell is its text again once it is unguarded."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aircall.csv_cells import FORMULA_BEGINNINGS, guarded, guarded_text, unguarded

AWKWARD = "".join(sorted(FORMULA_BEGINNINGS)) + "' \t\r\n\u00a0\u200b\ufeff\x85,;\"a1é|"


@given(st.text(st.sampled_from(AWKWARD)) | st.text())
@example("'\n=1")
@example("'='=")
@example("'-0")
def test_a_guarded_text_is_restored(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert unguarded(guarded_text(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "1e5",
        "01/02",
        "3 mars",
        "1 févr. 2026",
        "2026-11-24",
        "12:30",
        "007",
        "12 %",
        "1,5",
        "TRUE",
        "vrai",
        "$5",
        "9 AM",
    ],
)
def test_a_text_that_a_spreadsheet_would_convert_stays_a_text(text: str) -> None:
    assert guarded_text(text) == f"'{text}"
    assert guarded(text) == text


@pytest.mark.parametrize(
    "text",
    ["+33612345678", "+33 6 12 34 56 78", "room 12", "Called back at 9", "march on", "", "e", "1" * 60],
)
def test_a_plain_number_and_a_plain_text_stay_as_they_are(text: str) -> None:
    assert guarded_text(text) == guarded(text) == text


@pytest.mark.parametrize("text", ["+1-202", "+1+A1", "+A1", "+33;=1", "-1", "=1", "@x", "+"])
def test_a_formula_is_defused(text: str) -> None:
    assert guarded(text).startswith("'") or ";'=" in guarded(text)


def test_numbers_of_files_of_earlier_versions_are_read() -> None:
    assert unguarded("'+33612345678") == "+33612345678"


@pytest.mark.parametrize("text", ["'t Hooft", "O'Brien", "'", "rock 'n' roll; 'quoted'"])
def test_an_apostrophe_of_somebody_elses_file_stays(text: str) -> None:
    assert unguarded(text) == text
