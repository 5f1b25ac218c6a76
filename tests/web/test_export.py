"""The CSV export: it is the filtered list, exactly, and no cell of it is a formula."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aircall.calls.filters import CallFilter
from aircall.calls.store import CallStore
from aircall.concurrency import MessageBus
from aircall.models import clean_text
from aircall.storage.database import open_database
from aircall.team.service import Team
from aircall.web.calls.export import PART, csv_parts
from aircall.web.calls.export_columns import labeled_row
from aircall.web.people import NOBODY, PeopleReader
from tests.support.made_calls import NOON, call_id, made_call, made_notes
from tests.support.person import Person
from tests.support.sandbox import Call, Sandbox
from tests.web.conftest import NewCall

KINDS = {
    ("inbound", "answered"): "incoming",
    ("outbound", "answered"): "outgoing",
    ("inbound", "missed"): "missed-call",
    ("outbound", "missed"): "no-answer",
    ("inbound", "voicemail"): "voicemail-received",
    ("outbound", "voicemail"): "voicemail-left",
}
PARIS = ZoneInfo("Europe/Paris")
HEADER = ["id", "time", "direction", "type", "from", "to", "line", "duration_seconds", "archived", "notes",
    "name", "company", "line_name", "kind"]  # fmt: skip
BYTE_ORDER_MARK = "\ufeff"
EVERYTHING = CallFilter(view="all")
# What a spreadsheet takes for the beginning of a formula, in any width.
FORMULA_CHARACTERS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
TEXTS = st.text(st.sampled_from(FORMULA_CHARACTERS + "' \t\r\n\u00a0\u200b\ufeff\x85,;\"a1é|")) | st.text()


def unguarded(cell: str) -> str:
    """The text of a cell, by what the file promises."""
    return re.sub(r"(^|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029,;])'", r"\1", cell)


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of the file, each cell as its text."""
    assert text.startswith(BYTE_ORDER_MARK)
    reader = csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline=""), strict=True)
    rows = [{name: unguarded(cell) for name, cell in row.items()} for row in reader]
    assert list(reader.fieldnames or ()) == HEADER
    return rows


def exported(person: Person, query: str = "") -> list[dict[str, str]]:
    """The rows of the file that this query gives."""
    answer = person.client.get(f"/calls.csv{query}")
    assert answer.status_code == 200, answer.text
    return rows_of(answer.get_data().decode())


def true_row(call: Call) -> dict[str, str]:
    """The row of a call of the sandbox, seen from Paris."""
    when = datetime.fromisoformat(call["created_at"]).astimezone(PARIS)
    return {
        "id": call["id"],
        "time": re.sub("(..)$", r":\1", f"{when:%Y-%m-%dT%H:%M:%S%z}"),
        "direction": call["direction"],
        "type": call["call_type"],
        "from": call["from"],
        "to": call["to"],
        "line": call["via"],
        "duration_seconds": f"{call['duration'] / 1000:g}",
        "archived": "yes" if call["is_archived"] else "no",
        "notes": "\n".join(note["content"] for note in call["notes"]),
        "name": "",
        "company": "",
        "line_name": "",
        "kind": KINDS[call["direction"], call["call_type"]],
    }


@pytest.mark.parametrize(
    ("query", "is_wanted"),
    [
        ("", lambda call: not call["is_archived"]),
        ("?view=all&per_page=10&page=3", lambda _call: True),
        ("?view=archived&type=missed", lambda call: call["is_archived"] and call["call_type"] == "missed"),
        ("?view=all&q=nobody+wrote+this", lambda _call: False),
    ],
)
def test_the_file_has_the_calls_of_the_list_whole_and_newest_first(
    alice: Person, sandbox: Sandbox, query: str, is_wanted: Callable[[Call], bool]
) -> None:
    alice.client.set_cookie("tz", "Europe/Paris")

    rows = exported(alice, query)

    calls = sorted(sandbox.calls(), key=lambda call: (call["created_at"], call["id"]), reverse=True)
    assert rows == [true_row(call) for call in calls if is_wanted(call)]


def test_the_file_is_a_download_that_says_what_it_is_and_that_nobody_keeps(alice: Person) -> None:
    answer = alice.client.get("/calls.csv?view=archived")

    today = datetime.now(UTC).date()
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=calls-archived-{today}.csv"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Length" not in answer.headers
    assert answer.get_data().decode().startswith(BYTE_ORDER_MARK + ",".join(HEADER) + "\r\n")


def test_an_address_that_asks_for_something_unusable_gets_no_file(alice: Person) -> None:
    alice.get("/calls.csv?type=fax&from=yesterday")

    assert alice.status == 400
    assert "“fax” is not a known type" in alice.text
    assert "“yesterday” is not a date" in alice.text


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CallStore]:
    """A replica without calls."""
    store = CallStore(open_database(f"sqlite:///{tmp_path / 'export.db'}"))
    yield store
    store.close()


@pytest.fixture
def people(tmp_path: Path) -> Iterator[PeopleReader]:
    """A directory without names."""
    team = Team.open(open_database(f"sqlite:///{tmp_path / 'team.db'}"), "http://api", MessageBus())
    yield PeopleReader(team)
    team.close()


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_cell_is_a_formula_and_every_text_can_be_had_back(
    store: CallStore, people: PeopleReader, texts: list[tuple[str, str, str]]
) -> None:
    cleaned = [tuple(clean_text(text) for text in some) for some in texts]
    store.remove(store.call_ids(), store.version)
    store.apply(
        [
            made_call(n, caller=caller, callee=callee, notes=made_notes(note))
            for n, (caller, callee, note) in enumerate(cleaned)
        ]
    )

    text = "".join(csv_parts(store, people, EVERYTHING, PARIS))

    cells = [cell for row in csv.reader(io.StringIO(text, newline=""), strict=True) for cell in row]
    assert not [cell for cell in cells if cell[:1] in set("\t\r\n")]
    assert not [cell for cell in cells if is_formula(cell)]
    assert not [cell for cell in cells_in_any_country(text) if is_formula(cell)]
    found = [(row["from"], row["to"], row["notes"]) for row in rows_of(text)]
    assert found == cleaned[::-1]


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet could run this cell: by the first character that can be seen and is no mark."""
    first = next((each for each in cell if each.isprintable() and each not in ' "'), ".")
    return first in FORMULA_CHARACTERS and not re.fullmatch(r'"?\+[0-9 ]+"?', cell)


def cells_in_any_country(text: str) -> list[str]:
    """What a program takes for cells that parts them otherwise, or knows nothing of quotation marks."""
    rows = [
        row
        for mark in ",;\t"
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE)
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark, quoting=quoting)
    ]
    return [cell for row in rows for cell in row] + re.split(r"[,;\t\r\n]", text)


def test_a_plain_text_stays_as_it_is(store: CallStore, people: PeopleReader) -> None:
    store.apply([made_call(1, caller="anonymous", duration=timedelta(milliseconds=1250), created_at=None)])

    header, row = csv.reader("".join(csv_parts(store, people, EVERYTHING, PARIS)).splitlines())

    assert row[header.index("from")] == "anonymous"
    assert row[header.index("to")] == "+33189394635"
    assert row[header.index("duration_seconds")] == "1.25"
    assert row[header.index("time")] == ""


def test_what_changes_between_two_parts_repeats_and_skips_nothing(
    store: CallStore, people: PeopleReader
) -> None:
    calls = [made_call(n, created_at=NOON + timedelta(seconds=n // 7)) for n in range(2 * PART + 50)]
    store.apply(calls)
    parts = csv_parts(store, people, CallFilter(view="inbox"), PARIS)
    text = next(parts) + next(parts)
    last, following = call_id(len(calls) - PART), call_id(len(calls) - PART - 1)

    store.apply([made_call(n, created_at=NOON + timedelta(days=n)) for n in range(9000, 9020)])
    store.apply([replace(calls[-PART], is_archived=True), replace(calls[-PART - 1], is_archived=True)])
    store.remove([call_id(10)], store.version)
    text += "".join(parts)

    ids = [row["id"] for row in rows_of(text)]
    gone = {following, call_id(10)}
    assert ids == [call.id for call in reversed(calls) if call.id not in gone]
    assert last in ids


def test_a_person_downloads_two_files_at_once_and_others_as_many(alice: Person, bob: Person) -> None:
    under_way = [alice.client.get("/calls.csv", buffered=False) for _ in range(2)]

    refused = alice.client.get("/calls.csv")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "two files" in refused.text
    assert exported(bob)

    # One is given up half-way, and one that is only asked for its headers counts no longer than that.
    under_way.pop().close()
    for _ in range(3):
        assert alice.client.head("/calls.csv").status_code == 200
    assert exported(alice)
    under_way.pop().close()


def test_a_file_for_people_has_their_language_and_separator(alice: Person, new_call: NewCall) -> None:
    alice.client.set_cookie("tz", "Europe/Paris")
    notes = [{"id": "1", "content": text} for text in ("1e5",)]
    given = {"direction": "outbound", "call_type": "voicemail", "from": "+33189394635", "is_archived": False}
    new_call(**given, to="+4930123456", via="0612345678", duration=73_400, notes=notes,
        created_at="2026-01-02T11:15:00Z")  # fmt: skip
    query = {"from": "2026-01-02", "to": "2026-01-02", "view": "all"}

    answer = alice.client.get("/calls.csv", query_string=query | {"separator": "semicolon", "language": "fr"})

    header, row = csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";")
    found = dict(zip(header, row, strict=True))
    assert found.pop("Identifiant")
    assert found == {
        "Date": "2026-01-02 12:15:00", "Type": "Message laissé", "Sens": "Émis", "De": "+33 1 89 39 46 35",
        "À": "+49 30 123456", "Nom": "", "Entreprise": "", "Ligne": "06 12 34 56 78", "Nom de la ligne": "",
        "Durée": "0:01:13", "Archivé": "Non", "Notes": "'1e5",
    }  # fmt: skip


def test_the_form_of_a_file_is_chosen_on_a_page_that_keeps_the_filters(alice: Person) -> None:
    alice.client.set_cookie("language", "fr")
    alice.get("/calls?view=all&type=missed-call&q=a")
    alice.get(next(str(link["href"]) for link in alice.page.select("a") if link.text == "Exporter…"))

    form = alice.find("form[action='/calls.csv']")
    hidden = {str(field["name"]): str(field["value"]) for field in form.select("[type=hidden]")}
    assert hidden == {"view": "all", "type": "missed-call", "q": "a", "per_page": "25"}
    assert [option["value"] for option in form.select("option[selected]")] == ["semicolon", "fr"]


@pytest.mark.parametrize(
    ("number", "cell"),
    [
        ("+33612345678", "+33 6 12 34 56 78"), ("+12025550170", "+1 202 555 0170"),
        ("anonymous", "Private number"), ("+49891234567", "+49 89 1234567"),
        ("+97450123456", "+974 5012 3456"), ("+351210123456", "+351 21 012 3456"),
        ("+61412345678", "+61 412 345678"), ("0123", "'0123"), ("", ""), ("=1+1", "'=1+1"), ("*98", "*98"),
    ],
)  # fmt: skip
def test_a_number_for_people_is_a_text_for_every_spreadsheet(number: str, cell: str) -> None:
    row = labeled_row(made_call(1, caller=number), NOBODY, PARIS)

    assert row[3] == cell
