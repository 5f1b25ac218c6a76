"""The filtered list as a CSV file: read back, it is the truth."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app import create_app
from config import Config
from tests.support.person import Person
from tests.support.sandbox import Call, Sandbox

PARIS = ZoneInfo("Europe/Paris")
HEADER = ["id", "time", "direction", "type", "from", "to", "line", "duration_seconds", "archived", "notes"]
BYTE_ORDER_MARK = "\ufeff"


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
    }


@pytest.mark.parametrize(
    ("query", "is_wanted"),
    [
        ("", lambda call: not call["is_archived"]),
        ("?view=all&per_page=10&page=3", lambda _call: True),
        ("?view=archived&type=missed", lambda call: call["is_archived"] and call["call_type"] == "missed"),
        ("?view=all&direction=outbound", lambda call: call["direction"] == "outbound"),
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


def test_a_day_is_that_of_the_viewer(alice: Person, sandbox: Sandbox) -> None:
    alice.client.set_cookie("tz", "Pacific/Kiritimati")
    zone = ZoneInfo("Pacific/Kiritimati")
    days = {datetime.fromisoformat(call["created_at"]).astimezone(zone).date() for call in sandbox.calls()}
    day = sorted(days)[len(days) // 2]

    rows = exported(alice, f"?view=all&from={day}&to={day}")

    assert rows
    assert {row["time"][:10] for row in rows} == {day.isoformat()}
    assert all(row["time"].endswith("+14:00") for row in rows)


def test_the_file_is_a_download_that_says_what_it_is_and_that_nobody_keeps(alice: Person) -> None:
    answer = alice.client.get("/calls.csv?view=archived")

    today = datetime.now(UTC).date()
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=calls-archived-{today}.csv"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Length" not in answer.headers


def test_lines_end_as_the_format_asks(alice: Person) -> None:
    text = alice.client.get("/calls.csv?view=all").get_data().decode()

    lines = text.split("\r\n")
    assert lines[0] == BYTE_ORDER_MARK + ",".join(HEADER)
    assert lines[-1] == ""


def test_an_address_that_asks_for_something_unusable_gets_no_file(alice: Person) -> None:
    alice.get("/calls.csv?type=fax&from=yesterday")

    assert alice.status == 400
    assert "“fax” is not a type we know" in alice.text
    assert "“yesterday” is not a usable date" in alice.text


def test_there_is_no_file_before_the_list_has_been_read_whole(config: Config) -> None:
    app = create_app(config)
    person = Person(app).sign_in("alice")

    person.get("/calls.csv?view=all")

    assert person.status == 503
    assert "still being read" in person.text
    assert person.find("a.button--primary")["href"] == "/calls.csv?view=all"


def test_a_stranger_is_led_to_the_login_page(stranger: Person) -> None:
    stranger.get("/calls.csv?view=all")

    assert stranger.path == "/login"
    assert stranger.find(".card input[name=next]")["value"] == "/calls.csv?view=all"
