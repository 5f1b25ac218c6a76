"""What stands in the CSV file: nothing repeated, skipped or lost, and no cell a formula."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aircall.calls.query import CallFilter
from aircall.calls.store import CallStore
from aircall.models import clean_text
from aircall.storage.database import open_database
from aircall.web.calls.export import PART, csv_parts
from tests.support.made_calls import NOON, call_id, made_call, made_notes
from tests.web.test_export import BYTE_ORDER_MARK, PARIS, rows_of

EVERYTHING = CallFilter(view="all")
# What a spreadsheet takes for the beginning of a formula, in any width.
FORMULA_CHARACTERS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
TEXTS = st.text(st.sampled_from(FORMULA_CHARACTERS + "' \t\r\n\u00a0\u200b\ufeff\x85,;\"a1é|")) | st.text()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[CallStore]:
    """A log that knows no call yet."""
    log = CallStore(open_database(f"sqlite:///{tmp_path / 'export.db'}"))
    yield log
    log.close()


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=4))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_cell_is_a_formula_and_every_text_can_be_had_back(
    log: CallStore, texts: list[tuple[str, str, str]]
) -> None:
    cleaned = [tuple(clean_text(text) for text in some) for some in texts]
    log.remove(log.call_ids(), log.version)
    log.apply(
        [
            made_call(n, caller=caller, via=via, notes=made_notes(note))
            for n, (caller, via, note) in enumerate(cleaned)
        ]
    )

    text = "".join(csv_parts(log, EVERYTHING, PARIS))

    cells = [cell for row in csv.reader(io.StringIO(text, newline=""), strict=True) for cell in row]
    assert not [cell for cell in cells if cell[:1] in set("\t\r\n")]
    assert not [cell for cell in cells if first_seen(cell) in FORMULA_CHARACTERS]
    assert not [cell for cell in cells_in_any_country(text) if first_seen(cell) in FORMULA_CHARACTERS]
    found = [(row["from"], row["line"], row["notes"]) for row in rows_of(text)]
    assert found == cleaned[::-1]


def first_seen(cell: str) -> str:
    """The first character of a cell that can be seen and is no mark; a dot where there is none."""
    return next((each for each in cell if each.isprintable() and each not in ' "'), ".")


def cells_in_any_country(text: str) -> list[str]:
    """What a program takes for cells that parts them otherwise, or knows nothing of quotation marks."""
    rows = [
        row
        for mark in ",;\t"
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE)
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark, quoting=quoting)
    ]
    return [cell for row in rows for cell in row] + re.split(r"[,;\t\r\n]", text)


def test_a_note_is_no_row_of_its_own_where_semicolons_part_the_cells(log: CallStore) -> None:
    log.apply([made_call(notes=made_notes('Call back\n=cmd|1;  "@SUM(1)'))])

    text = "".join(csv_parts(log, EVERYTHING, PARIS))

    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert rows[-1][0] == "'=cmd|1"
    assert rows[-1][1].startswith("'")
    assert rows_of(text)[0]["notes"] == 'Call back\n=cmd|1;  "@SUM(1)'


def test_a_plain_text_stays_as_it_is(log: CallStore) -> None:
    log.apply([made_call(1, caller="anonymous", duration=timedelta(milliseconds=1250), created_at=None)])

    header, row = csv.reader("".join(csv_parts(log, EVERYTHING, PARIS)).splitlines())

    assert row[header.index("from")] == "anonymous"
    assert row[header.index("to")] == "'+33189394635"
    assert row[header.index("duration_seconds")] == "1.25"
    assert row[header.index("time")] == ""


def test_what_changes_between_two_parts_repeats_and_skips_nothing(log: CallStore) -> None:
    calls = [made_call(n, created_at=NOON + timedelta(seconds=n // 7)) for n in range(2 * PART + 50)]
    log.apply(calls)
    parts = csv_parts(log, CallFilter(view="inbox"), PARIS)
    text = next(parts) + next(parts)
    last, following = call_id(len(calls) - PART), call_id(len(calls) - PART - 1)

    log.apply([made_call(n, created_at=NOON + timedelta(days=n)) for n in range(9000, 9020)])
    log.apply([replace(calls[-PART], is_archived=True), replace(calls[-PART - 1], is_archived=True)])
    log.remove([call_id(10)], log.version)
    text += "".join(parts)

    ids = [row["id"] for row in rows_of(text)]
    gone = {following, call_id(10)}
    assert ids == [call.id for call in reversed(calls) if call.id not in gone]
    assert last in ids


def test_the_first_part_is_sent_before_the_second_one_is_read(log: CallStore) -> None:
    log.apply([made_call(n) for n in range(PART + 1)])
    parts = csv_parts(log, EVERYTHING, PARIS)
    assert next(parts).startswith(BYTE_ORDER_MARK)
    first = next(parts)

    log.apply([made_call(0, caller="changed")])

    assert len(first.splitlines()) == PART
    assert "changed" in next(parts)


def test_an_empty_list_is_a_file_with_nothing_but_the_header(log: CallStore) -> None:
    assert rows_of("".join(csv_parts(log, EVERYTHING, PARIS))) == []
