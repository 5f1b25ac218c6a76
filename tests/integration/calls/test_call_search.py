"""What a search finds, and SQLite's and PostgreSQL's search indexes behind it."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import DatabaseError

from aircall.calls import found, search
from aircall.calls.filters import CallFilter
from aircall.calls.search import INDEX_NAME, search_condition
from aircall.calls.store import CallStore
from aircall.calls.tables import calls
from aircall.models import Call
from aircall.storage.database import open_database
from tests.integration.calls.naive import newest_first
from tests.support.made_calls import NOON, call_id, made_call, made_notes
from tests.support.postgres import LOOPBACK, Postgres

SPELLINGS = [
    "+33189394635", "0033189394635", "+33 1 89 39 46 35", "00 33 1 89 39 46 35", "01 89 39 46 35",
    "01.89.39.46.35", "01-89/39(46)35", "+33\u00a01\u202f89", "+33 (0)1 89", "0033 (0)189394635", "4635",
    "39 46", "1 89 39", "33 1 89", "0033 01 89", "+33 01 89 39 46 35", "tel:+33189394635", "TEL:01 89",
    "\u202a+33 1 89 39 46 35\u202c", "01\u201189\u201339", "01\u200989\t39", "01 · 89 · 39", "[+33] 1 89",
    "+33 [0]1 89", "\uff0b\uff13\uff13 1 89",
]  # fmt: skip
FRENCH = ["+33612345678", "+33189394635"]
FRENCH_AND_BRITISH = ["+33612345678", "+4420733612345"]
WITH_ZEROS = ["+33189394635", "000189394635"]
ITALIAN_AND_AMERICAN = ["+390612345678", "+14155550123"]
CALLS = [made_call(number, caller=f"+33612{number:06}") for number in range(20)]
FOUND = made_call(99, caller="+33789000000", notes=made_notes("A note"))
# FTS5's own check compares every entry with the texts of the calls, in both directions.
CHECK = text(f"INSERT INTO {INDEX_NAME} ({INDEX_NAME}, rank) VALUES ('integrity-check', 1)")  # noqa: S608 - ours


def searched(call_store: CallStore, search: str) -> list[str]:
    return [call.id for call in call_store.page(CallFilter(view="all", search=search), 0, 100)]


def with_number(number: int, caller: str) -> Call:
    return made_call(number, caller=caller, callee="", via="")


def with_note(number: int, note: str) -> Call:
    return made_call(number, caller=f"+33612{number:06}", notes=made_notes(note))


def is_index_complete(engine: Engine) -> bool:
    """Whether SQLite's index holds exactly what the calls hold."""
    try:
        with engine.begin() as connection:
            connection.execute(CHECK)
    except DatabaseError:
        return False
    return True


def opened(path: Path, *, has_fts: bool) -> CallStore:
    """A store on this file, with an SQLite that has FTS5 or one that has not."""
    engine = open_database(f"sqlite:///{path}")

    def forbid(_action: int, *names: str | None) -> int:
        is_index = any(name and name.startswith(INDEX_NAME) for name in names)
        return sqlite3.SQLITE_DENY if is_index else sqlite3.SQLITE_OK

    if not has_fts:
        event.listen(engine, "connect", lambda connection, _: connection.set_authorizer(forbid))
    return CallStore(engine)


def slow_warnings(caplog: pytest.LogCaptureFixture) -> int:
    messages = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    return sum(message.startswith("Searches will be slow") for message in messages)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_number_is_found_in_any_spelling_however_the_api_spells_it(
    call_store: CallStore, spelling: str
) -> None:
    numbers = ["+33189394635", "0033189394635", "33189394635", "+33 (0)1 89 39 46 35", "+33600000000"]
    call_store.apply([with_number(number, text) for number, text in enumerate(numbers)])

    assert searched(call_store, spelling) == [call_id(number) for number in (3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("numbers", "search", "found"),
    [
        (FRENCH, "06", [1]),
        (FRENCH, "01 89", [2]),
        # With a sign, a country code stands where the number begins.
        (FRENCH_AND_BRITISH, "+33 6", [1]),
        (FRENCH_AND_BRITISH, "0033 6", [1]),
        (FRENCH_AND_BRITISH, "336", [2, 1]),
        # No country code begins with a zero: such a plus sign is ignored, and two zeros are digits.
        (WITH_ZEROS, "+01 89", [2, 1]),
        (WITH_ZEROS, "00 01 89", [2]),
        # Italy has no trunk zero, and neither has North America.
        (ITALIAN_AND_AMERICAN, "06 12", [1]),
        (ITALIAN_AND_AMERICAN, "0415", []),
    ],
)
def test_leading_zeros_and_country_codes_are_understood(
    call_store: CallStore, numbers: list[str], search: str, found: list[int]
) -> None:
    call_store.apply([with_number(number, text) for number, text in enumerate(numbers, 1)])

    assert searched(call_store, search) == [call_id(number) for number in found]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("4911", [1]),
        ("4922", [1]),
        ("4933", [2, 1]),
        # Not across two numbers.
        ("1149", []),
        ("anonym", [3]),
        ("33A", [4]),
        *(
            (spelling, [7, 6, 5])
            for spelling in ("CAFÉ", "cafe", "cafe\N{COMBINING ACUTE ACCENT}", "\ufeffcafé")
        ),
        ("oeuvre", [8]),
        ("ŒUVRE strasse", [8]),
        ("istanbul", [8]),
        ("οδοσ ψάρι", [9]),
        ("ЕЛКА", [9]),
        ("room 49 33", []),
        ("4933 ask", [2]),
    ],
)
def test_numbers_words_and_notes_are_searched_in_any_case(
    call_store: CallStore, search: str, found: list[int]
) -> None:
    notes = {
        2: "ask 4933",
        4: "room 33a",
        5: "Café",
        6: "CAFE\N{COMBINING ACUTE ACCENT}",
        7: "cafeteria",
        8: "Straße, œuvre, İSTANBUL",
        9: "Ψάρι της οδός, ёлка",
    }
    call_store.apply(
        [made_call(1, caller="+4911", callee="+4922", via="+4933"), made_call(3, caller="Anonymous")]
    )
    call_store.apply([made_call(number, notes=made_notes(note)) for number, note in notes.items()])

    assert searched(call_store, search) == [call_id(number) for number in found]


# SQLite's index.


@pytest.mark.parametrize("most_found", [found.MOST_FOUND, 4])
def test_a_search_finds_everything_while_the_index_lags_behind(
    sqlite: Engine, monkeypatch: pytest.MonkeyPatch, most_found: int
) -> None:
    monkeypatch.setattr(found, "MOST_FOUND", most_found)
    monkeypatch.setattr(search, "MAX_IMMEDIATE_ROWS", 2)
    monkeypatch.setattr(search, "CATCH_UP_BATCH", 3)
    call_store = CallStore(sqlite)
    truth: dict[str, Call] = {}

    def write(note: str, *numbers: int) -> None:
        changed = [with_note(number, note) for number in numbers]
        call_store.apply(changed)
        truth.update({call.id: call for call in changed})

    def remove(*numbers: int) -> None:
        call_store.remove([call_id(number) for number in numbers], call_store.version)
        for number in numbers:
            truth.pop(call_id(number), None)

    def clear() -> None:
        call_store.clear()
        truth.clear()

    changes: list[tuple[Callable[[], object], bool]] = [
        (lambda: write("first", *range(20)), False),
        (lambda: write("second", 3), False),
        (lambda: remove(4, 19), False),
        (call_store.search.catch_up, True),
        (lambda: write("second", 5, 30), True),
        (lambda: remove(5), True),
        (lambda: write("third", *range(10, 25)), False),
        (lambda: remove(2, 24), False),
        (lambda: write("fourth", 12), False),
        (call_store.search.catch_up, True),
        (clear, True),
        (lambda: write("third", 2), True),
    ]
    for change, is_complete in changes:
        change()
        for word in ("first", "second", "third", "fourth", "6120000", "nothing"):
            wanted = CallFilter(search=word)
            assert call_store.page(wanted, 0, 100) == newest_first(list(truth.values()), wanted)
        assert is_index_complete(sqlite) is is_complete


def test_a_call_written_after_the_index_was_asked_is_found_too(sqlite: Engine) -> None:
    call_store = CallStore(sqlite)
    call_store.apply([*CALLS, FOUND])

    candidates = call_store.found.candidates("789000")
    call_store.apply([made_call(100, caller="+33789000111"), made_call(101, caller="+33612000111")])

    with sqlite.connect() as connection:
        found = set(connection.scalars(select(calls.c.id).where(*candidates)))
    assert found == {FOUND.id, call_id(100)}


def test_a_search_finds_the_same_with_fts_then_without_and_with_it_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    new = made_call(100, caller="+33789111111")
    changes: list[tuple[bool, Callable[[CallStore], object], list[Call]]] = [
        (True, lambda call_store: call_store.apply([*CALLS, FOUND]), [*CALLS, FOUND]),
        (False, lambda call_store: call_store.remove([FOUND.id], call_store.version), CALLS),
        (False, lambda call_store: call_store.apply([new]), [*CALLS, new]),
        (True, lambda _: None, [*CALLS, new]),
    ]
    for has_fts, change, expected in changes:
        call_store = opened(tmp_path / "calls.db", has_fts=has_fts)
        change(call_store)

        for word in ("789", "A NOTE", "612", "61"):
            wanted = CallFilter(search=word)
            found = newest_first(expected, wanted)
            assert call_store.page(wanted, 0, 100) == found
            assert call_store.counts(wanted)["all"] == len(found)
        call_store.close()
    assert slow_warnings(caplog) == 2


# PostgreSQL's index.


def test_postgresql_uses_its_index_for_searches(postgres: Postgres) -> None:
    call_store = CallStore(open_database(postgres.url))
    call_store.apply([made_call(number, caller=f"+336{number * 7919:08}") for number in range(5000)])
    call_store.catch_up()

    query = select(calls).where(search_condition("7891"))
    statement = query.compile(call_store.engine, compile_kwargs={"literal_binds": True})
    with call_store.engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}").scalars())
    call_store.close()

    assert f"{calls.name}_search" in plan


def test_postgresqls_index_comes_after_the_first_full_sync_even_if_its_creation_failed_before(
    postgres: Postgres,
) -> None:
    def is_valid() -> bool | None:
        with call_store.engine.connect() as connection:
            return connection.exec_driver_sql(search.IS_PG_INDEX_VALID).scalar()

    call_store = CallStore(open_database(postgres.url))
    call_store.apply(CALLS)
    assert is_valid() is None

    for _ in range(2):
        call_store.mark_synced(NOON)
        call_store.catch_up()
        assert is_valid()
        call_store.close()
        # As PostgreSQL leaves it when the creation fails.
        index = f"indexrelid = '{search.PG_INDEX}'::regclass"
        postgres.execute(f"UPDATE pg_index SET indisvalid = false WHERE {index}")  # noqa: S608 - ours
        call_store = CallStore(open_database(postgres.url))
    call_store.close()


def test_a_postgresql_without_the_right_to_extend_it_is_searched_without_an_index(
    postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    postgres.execute("DROP EXTENSION IF EXISTS pg_trgm CASCADE")
    postgres.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    postgres.execute("ALTER ROLE guest SET search_path = guest")
    postgres.execute("CREATE SCHEMA guest AUTHORIZATION guest")
    try:
        call_store = CallStore(open_database(f"postgresql://guest:guest@{LOOPBACK}:{postgres.port}/postgres"))
        call_store.apply([*CALLS, FOUND])

        assert searched(call_store, "789") == [FOUND.id]
        assert slow_warnings(caplog) == 1
        call_store.close()
    finally:
        postgres.execute("DROP SCHEMA guest CASCADE")
        postgres.execute("DROP ROLE guest")
