"""A guarded cell is its text again once it is unguarded."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aircall.csv_cells import FORMULA_BEGINNINGS, guarded, unguarded

AWKWARD = "".join(sorted(FORMULA_BEGINNINGS)) + "' \t\r\n\u00a0\u200b\ufeff\x85,;\"a1é|"


@given(st.text(st.sampled_from(AWKWARD)) | st.text())
@example("'\n=1")
@example("'='=")
def test_a_guarded_text_is_restored(text: str) -> None:
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["'t Hooft", "O'Brien", "'", "rock 'n' roll; 'quoted'"])
def test_an_apostrophe_of_somebody_elses_file_stays(text: str) -> None:
    assert unguarded(text) == text
