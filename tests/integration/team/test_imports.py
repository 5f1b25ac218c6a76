"""A file into the directory: previewed, then imported, all of it or nothing."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine

from aircall.team.activity import Action
from aircall.team.csv_contacts import ContactFileError, written_csv
from aircall.team.entries import MAX_NUMBERS, Kind, Problem
from aircall.team.feed import TeamChange
from aircall.team.imports import (
    MAX_CONTACTS,
    MAX_FILE,
    ImportResult,
    PreviewOutdatedError,
    Resolution,
)
from aircall.team.service import Team
from aircall.team.vcards import written_vcards
from tests.integration.team.people import (
    ANN,
    BEN,
    MADRID,
    PARIS,
    PARIS_KEY,
    PARIS_TYPED,
    StillInstant,
    draft,
    opened,
    seen,
)

BERLIN = "+4930123456"


def csv_file(*rows: str) -> bytes:
    """A file with these rows of number, name, company."""
    return "\n".join(["number,name,company", *rows]).encode()


def imported(team: Team, data: bytes, resolution: Resolution = Resolution.KEEP) -> ImportResult:
    """The result of importing what was just previewed."""
    return team.imports.import_(data, team.imports.preview(data).fingerprint, resolution, ANN)


def names(team: Team) -> dict[str, str]:
    """Name and company of each entry, by its numbers."""
    return {" ".join(one.numbers): f"{one.name}/{one.company}" for one in team.directory.all_entries()}


def test_a_preview_tells_what_is_new_changed_unchanged_and_wrong(team: Team, told: list[TeamChange]) -> None:
    same = team.directory.create(draft("Marie", PARIS, company="Acme"), ANN)
    juan = team.directory.create(draft("Juan", MADRID), ANN)
    del told[:]
    data = csv_file(
        f"{PARIS_TYPED},Marie,",
        f"{MADRID},Juan,Globex",
        f"{BERLIN},Jörg,",
        "anonymous,Nobody,",
        f"+331,,{'x' * 121}",
    )

    preview = team.imports.preview(data)

    assert preview.unchanged_count == 1
    assert [(line, one.name, one.kind) for line, one in preview.new] == [(4, "Jörg", Kind.CALLER)]
    (change,) = preview.changed
    assert (change.line, change.entry, change.fields) == (3, juan, ("company",))
    assert change.draft == draft("Juan", MADRID, company="Globex")
    assert [(error.line, error.reason) for error in preview.errors] == [(5, "invalid"), (6, "invalid")]
    assert preview.errors[0].problems[0].problem is Problem.NOT_A_NUMBER
    assert list(team.directory.all_entries()) == [same, juan]
    assert told == []


def test_an_import_does_what_was_previewed(team: Team, told: list[TeamChange]) -> None:
    team.directory.create(draft("Marie", PARIS, company="Acme"), ANN)
    data = csv_file(f"{PARIS},Maria,", f"{BERLIN},Jörg,Initech")

    result = imported(team, data, Resolution.REPLACE)

    assert result == ImportResult(
        added_count=1, replaced_count=1, kept_count=0, unchanged_count=0, error_count=0
    )
    # What the file does not say stays.
    assert names(team) == {PARIS: "Maria/Acme", BERLIN: "Jörg/Initech"}
    assert told[-1].numbers == (PARIS_KEY, BERLIN[1:])[::-1] or told[-1].numbers == (PARIS_KEY, BERLIN[1:])
    assert [line.action for line in team.activity.of_number(BERLIN)] == [Action.IMPORTED]
    assert [line.detail for line in team.activity.recent() if not line.number_key] == ["2"]
    assert imported(team, data).unchanged_count == 2


def test_what_the_directory_says_is_kept_on_request_and_numbers_are_added_anyway(team: Team) -> None:
    team.directory.create(draft("Marie", PARIS), ANN)
    team.directory.create(draft("Juan", MADRID), ANN)
    data = b"name,phone,mobile\nMaria,+33189393946,+33612345678\nPedro,+34911234567,"

    preview = team.imports.preview(data)
    result = team.imports.import_(data, preview.fingerprint, Resolution.KEEP, ANN, exceptions={3})

    assert [change.fields for change in preview.changed] == [("name", "numbers"), ("name",)]
    assert names(team) == {f"{PARIS} +33612345678": "Marie/", MADRID: "Pedro/"}
    assert (result.replaced_count, result.kept_count) == (2, 0)
    assert imported(team, data).kept_count == 1


def test_the_kind_of_new_entries_can_be_chosen(team: Team) -> None:
    data = csv_file(f"{PARIS},Support FR,")
    preview = team.imports.preview(data, Kind.LINE)
    with pytest.raises(PreviewOutdatedError):
        team.imports.import_(data, preview.fingerprint, Resolution.KEEP, ANN)

    team.imports.import_(data, preview.fingerprint, Resolution.KEEP, ANN, kind=Kind.LINE)

    assert team.directory.names([PARIS])[PARIS_KEY].kind is Kind.LINE


def test_rows_of_one_name_are_one_entry_and_contradictions_are_errors(team: Team) -> None:
    team.directory.create(draft("Ann", "+33600000001"), ANN)
    team.directory.create(draft("Bob", "+33600000002"), ANN)
    data = (
        b"name,phone,mobile\n"
        b"Marie,+33189393946,\n"
        b"Marie,+33 1 89 39 39 46,+34911234567\n"
        b"Maria,+33189393946,\n"
        b"Both,+33600000001,+33600000002\n"
    )

    preview = team.imports.preview(data)

    assert [one.numbers for _line, one in preview.new] == [(PARIS, MADRID)]
    assert [(error.line, error.reason, error.other_line) for error in preview.errors] == [
        (4, "duplicate", 2),
        (5, "several_entries", 0),
    ]


def test_an_entry_that_would_get_too_many_numbers_is_an_error(team: Team) -> None:
    team.directory.create(draft("Marie", *(f"+3360000{place:04}" for place in range(MAX_NUMBERS))), ANN)

    (error,) = team.imports.preview(b"name,phone,mobile\nMarie,+33600000000,+34911234567").errors

    assert (error.line, error.problems[0].problem) == (2, Problem.TOO_MANY)


def test_rows_that_cannot_be_read_or_are_too_many_for_one_entry_are_errors(team: Team) -> None:
    phones = [f"+3360000{place:04}" for place in range(MAX_NUMBERS)]
    header = ",".join(["name", *("phone" for _ in phones)])
    data = f"{header}\nMarie,{','.join(phones)}\nMarie,{phones[0]},+34911234567\nX,{'9' * 200_000}\n".encode()

    preview = team.imports.preview(data)

    assert [(error.line, error.reason) for error in preview.errors] == [(3, "invalid"), (4, "malformed")]
    assert [draft.name for _line, draft in preview.new] == ["Marie"]


def test_two_rows_that_change_one_entry_contradict_each_other(team: Team) -> None:
    team.directory.create(draft("Marie", PARIS, MADRID), ANN)

    preview = team.imports.preview(csv_file(f"{PARIS},Maria,", f"{MADRID},Mary,"))

    assert [change.line for change in preview.changed] == [2]
    assert [(error.line, error.reason, error.other_line) for error in preview.errors] == [(3, "duplicate", 2)]


def test_nothing_is_imported_if_somebody_changed_the_directory_since_the_preview(
    team: Team, told: list[TeamChange]
) -> None:
    entry = team.directory.create(draft("Marie", PARIS), ANN)
    data = csv_file(f"{PARIS},Maria,", f"{BERLIN},Jörg,")
    preview = team.imports.preview(data)
    team.directory.edit(seen(entry), draft("Marie Dupont", PARIS), BEN)
    del told[:]

    with pytest.raises(PreviewOutdatedError) as refused:
        team.imports.import_(data, preview.fingerprint, Resolution.REPLACE, ANN)

    assert names(team) == {PARIS: "Marie Dupont/"}
    assert told == []
    # Ann sees what it would do now, and says yes.
    newer = refused.value.preview
    assert newer.changed[0].entry.updated_by == "ben"
    team.imports.import_(data, newer.fingerprint, Resolution.REPLACE, ANN)
    assert names(team) == {PARIS: "Maria/", BERLIN: "Jörg/"}


def test_the_same_file_imported_twice_at_once_is_imported_once(
    database: Engine, instant: StillInstant
) -> None:
    teams = [opened(database, instant) for _ in range(4)]
    data = csv_file(*(f"+3360000{number:04},Name {number}," for number in range(200)))
    fingerprint = teams[0].imports.preview(data).fingerprint
    start = Barrier(len(teams))

    def import_(team: Team) -> int:
        start.wait()
        try:
            return team.imports.import_(data, fingerprint, Resolution.REPLACE, ANN).added_count
        except PreviewOutdatedError:
            return 0

    with ThreadPoolExecutor(len(teams)) as pool:
        added = list(pool.map(import_, teams))

    assert sorted(added) == [0, 0, 0, 200]
    assert teams[0].directory.count() == 200


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \r\n", "empty"),
        (b"number,name\n", "empty"),
        (b"x" * (MAX_FILE + 1), "too_large"),
        (b"number,name\n" + b"+33189393946,Marie\n" * (MAX_CONTACTS + 1), "too_many"),
        (b"\x81\x8d\x8f", "encoding"),
        (b"\xff\xfex", "encoding"),
        (b"\x89PNG\r\n\x1a\n\x00\x01", "header"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(team: Team, data: bytes, reason: str) -> None:
    with pytest.raises(ContactFileError) as refused:
        team.imports.preview(data)

    assert refused.value.reason == reason


@pytest.mark.parametrize("written", [written_csv, written_vcards])
def test_an_exported_directory_is_imported_elsewhere_as_it_was(
    sqlite: Engine, database: Engine, instant: StillInstant, written: type
) -> None:
    team, elsewhere = opened(database, instant), opened(sqlite, instant, "https://elsewhere.example")
    team.directory.create(draft('=Marie; "Dupont"', PARIS, MADRID, company="'t Hooft, Zn", kind="line"), ANN)
    team.directory.create(draft("\u4e2d\u6587", "0612345678", "101", kind="colleague"), ANN)
    data = "".join(written(team.directory.all_entries())).encode()

    imported(elsewhere, data)

    assert [one.draft for one in elsewhere.directory.all_entries()] == [
        one.draft for one in team.directory.all_entries()
    ]


def test_five_thousand_names_are_imported(team: Team) -> None:
    data = csv_file(*(f"+336{number:08},Prénom Nom {number},Société {number % 90}" for number in range(5000)))

    assert imported(team, data).added_count == 5000

    assert team.directory.count() == 5000
    assert team.directory.numbers_named("nom 4999") == ("33600004999",)
