"""What a search finds, and SQLite's and PostgreSQL's search indexes behind it."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, make_url, select, text
from sqlalchemy.exc import DatabaseError

from aircall.calls import search
from aircall.calls.query import CallFilter
from aircall.calls.search import INDEX_NAME, search_condition
from aircall.calls.store import CallStore
from aircall.calls.tables import calls
from aircall.models import Call
from aircall.storage.database import open_database
from tests.integration.calls.naive import newest_first
from tests.support.made_calls import call_id, made_call, made_notes
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


def check_search_index(engine: Engine) -> None:
    """Raises DatabaseError unless the index holds exactly what the calls hold."""
    with engine.begin() as connection:
        connection.execute(CHECK)


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


def test_all_numbers_and_notes_of_a_call_are_searched_but_not_across_them(call_store: CallStore) -> None:
    call_store.apply(
        [
            made_call(1, caller="+4911", callee="+4922", via="+4933"),
            made_call(2, caller="", callee="", via="", notes=made_notes("ask 4933")),
        ]
    )

    assert searched(call_store, "4911") == searched(call_store, "4922") == [call_id(1)]
    assert sorted(searched(call_store, "4933")) == [call_id(1), call_id(2)]
    assert searched(call_store, "1149") == []


@pytest.mark.parametrize(
    ("numbers", "search", "found"),
    [
        (FRENCH, "06", [1]),
        (FRENCH, "06 12", [1]),
        (FRENCH, "01 89", [2]),
        # With a sign, a country code stands where the number begins.
        (FRENCH_AND_BRITISH, "+33 6", [1]),
        (FRENCH_AND_BRITISH, "0033 6", [1]),
        (FRENCH_AND_BRITISH, "336", [2, 1]),
        # No country code begins with a zero: such a plus sign is ignored, and two zeros are digits.
        (WITH_ZEROS, "+01 89", [2, 1]),
        (WITH_ZEROS, "+0189394635", [2, 1]),
        (WITH_ZEROS, "00 01 89", [2]),
        # Italy has no trunk zero, and neither has North America.
        (ITALIAN_AND_AMERICAN, "06 12", [1]),
        (ITALIAN_AND_AMERICAN, "+39 06", [1]),
        (ITALIAN_AND_AMERICAN, "0415", []),
    ],
)
def test_leading_zeros_and_country_codes_are_understood(
    call_store: CallStore, numbers: list[str], search: str, found: list[int]
) -> None:
    call_store.apply([with_number(number, text) for number, text in enumerate(numbers, 1)])

    assert searched(call_store, search) == [call_id(number) for number in found]


def test_words_are_found_in_place_of_a_number_and_in_notes(call_store: CallStore) -> None:
    call_store.apply([made_call(1, caller="Anonymous"), made_call(2, notes=made_notes("room 33a"))])
    call_store.apply([made_call(3, caller="+336123")])

    assert searched(call_store, "anonym") == [call_id(1)]
    assert searched(call_store, "33A") == [call_id(2)]


@pytest.mark.parametrize("search", ["CAFÉ", "cafe\N{COMBINING ACUTE ACCENT}", "\ufeffcafé"])
def test_an_accent_matches_however_it_is_encoded(call_store: CallStore, search: str) -> None:
    notes = ("Café", "CAFE\N{COMBINING ACUTE ACCENT}", "cafeteria")
    call_store.apply([made_call(number, notes=made_notes(note)) for number, note in enumerate(notes)])

    assert searched(call_store, search) == [call_id(1), call_id(0)]


def test_a_search_for_many_calls_finds_them_all(call_store: CallStore) -> None:
    # More than are looked up as candidates.
    many = [made_call(number, caller=f"+33789{number:06}") for number in range(5100)]
    call_store.apply(many)

    wanted = CallFilter(search="+33 7 89")

    assert call_store.counts(wanted)["all"] == 5100
    assert call_store.page(wanted, 5090, 100) == newest_first(many, wanted)[5090:]


# SQLite's index.


def test_the_index_is_in_step_with_the_calls_after_every_write(sqlite: Engine) -> None:
    call_store = CallStore(sqlite)
    some = [with_note(number, f"note {number}") for number in range(5)]

    for write in (
        lambda: call_store.apply(some[:3]),
        lambda: call_store.apply(some[3:]),
        lambda: call_store.apply([with_note(1, "something else")]),
        lambda: call_store.remove([call_id(2)], call_store.version),
        call_store.clear,
        lambda: call_store.apply(some),
    ):
        write()
        check_search_index(sqlite)

    with sqlite.begin() as connection:
        connection.execute(calls.delete().where(calls.c.id == call_id(1)))
    with pytest.raises(DatabaseError):
        check_search_index(sqlite)


@pytest.mark.parametrize("max_candidates", [search.MAX_CANDIDATES, 4])
def test_a_search_finds_everything_while_the_index_lags_behind(
    sqlite: Engine, monkeypatch: pytest.MonkeyPatch, max_candidates: int
) -> None:
    monkeypatch.setattr(search, "MAX_CANDIDATES", max_candidates)
    monkeypatch.setattr(search, "MAX_IMMEDIATE_ROWS", 2)
    monkeypatch.setattr(search, "CATCH_UP_BATCH", 3)
    call_store = CallStore(sqlite)
    truth: dict[str, Call] = {}

    def write(*changed: Call) -> None:
        call_store.apply(changed)
        truth.update({call.id: call for call in changed})

    def remove(*numbers: int) -> None:
        call_store.remove([call_id(number) for number in numbers], call_store.version)
        for number in numbers:
            truth.pop(call_id(number), None)

    changes: list[Callable[[], object]] = [
        lambda: write(*(with_note(number, "first") for number in range(20))),
        lambda: write(with_note(3, "second")),
        lambda: remove(4, 19),
        call_store.search.catch_up,
        lambda: write(*(with_note(number, "third") for number in range(10, 25))),
        lambda: remove(2, 24),
        lambda: write(with_note(30, "second"), with_note(12, "fourth")),
        call_store.search.catch_up,
    ]
    for change in changes:
        change()
        for word in ("first", "second", "third", "fourth", "6120000", "nothing"):
            wanted = CallFilter(search=word)
            assert call_store.page(wanted, 0, 100) == newest_first(list(truth.values()), wanted)
    check_search_index(sqlite)


def test_a_large_write_is_indexed_when_the_index_catches_up(sqlite: Engine) -> None:
    call_store = CallStore(sqlite)
    call_store.apply([with_note(number, "many") for number in range(search.MAX_IMMEDIATE_ROWS + 1)])
    with pytest.raises(DatabaseError):
        check_search_index(sqlite)

    call_store.search.catch_up()

    check_search_index(sqlite)


def test_a_call_written_after_the_index_was_asked_is_found_too(sqlite: Engine) -> None:
    call_store = CallStore(sqlite)
    call_store.apply([*CALLS, FOUND])

    candidates = call_store.search.candidates("789000")
    call_store.apply([made_call(100, caller="+33789000111"), made_call(101, caller="+33612000111")])

    with sqlite.connect() as connection:
        found = set(connection.scalars(select(calls.c.id).where(*candidates)))
    assert found == {FOUND.id, call_id(100)}


def test_a_search_finds_the_same_without_fts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    call_store = opened(tmp_path / "calls.db", has_fts=False)
    call_store.apply([*CALLS, FOUND])
    call_store.remove([CALLS[0].id], call_store.version)

    for word in ("789", "A NOTE", "612", "61"):
        wanted = CallFilter(search=word)
        expected = newest_first([*CALLS[1:], FOUND], wanted)
        assert call_store.page(wanted, 0, 100) == expected
        assert call_store.counts(wanted)["all"] == len(expected)
    assert slow_warnings(caplog) == 1
    call_store.close()


def test_calls_written_without_fts_are_found_with_it_later(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    changes: list[tuple[bool, Callable[[CallStore], object]]] = [
        (True, lambda call_store: call_store.apply([*CALLS, FOUND])),
        (False, lambda call_store: call_store.remove([FOUND.id], call_store.version)),
        (False, lambda call_store: call_store.apply([made_call(100, caller="+33789111111")])),
    ]
    for has_fts, change in changes:
        call_store = opened(path, has_fts=has_fts)
        change(call_store)
        call_store.close()

    call_store = opened(path, has_fts=True)

    assert searched(call_store, "789") == [call_id(100)]
    assert searched(call_store, "789000") == []
    call_store.close()


# PostgreSQL's index.


def test_postgresql_uses_its_index_for_searches(postgres: Postgres) -> None:
    call_store = CallStore(open_database(postgres.url))
    call_store.apply([made_call(number, caller=f"+336{number * 7919:08}") for number in range(5000)])

    query = select(calls).where(search_condition("7891"))
    statement = query.compile(call_store.engine, compile_kwargs={"literal_binds": True})
    with call_store.engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}").scalars())
    call_store.close()

    assert f"{calls.name}_search" in plan


def test_a_postgresql_without_the_right_to_extend_it_is_searched_without_an_index(
    postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    postgres.execute("DROP ROLE IF EXISTS guest")
    postgres.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    postgres.execute("CREATE DATABASE plain TEMPLATE template0")
    try:
        postgres.execute("ALTER DATABASE plain SET search_path = guest")
        owner = open_database(
            make_url(postgres.url).set(database="plain").render_as_string(hide_password=False)
        )
        with owner.begin() as connection:
            connection.execute(text("CREATE SCHEMA guest AUTHORIZATION guest"))
        owner.dispose()
        call_store = CallStore(open_database(f"postgresql://guest:guest@{LOOPBACK}:{postgres.port}/plain"))
        call_store.apply([*CALLS, FOUND])

        assert searched(call_store, "789") == [FOUND.id]
        assert slow_warnings(caplog) == 1
        call_store.close()
    finally:
        postgres.execute("DROP DATABASE plain WITH (FORCE)")
        postgres.execute("DROP ROLE guest")
