"""A backup holds all team data of one moment, and is put back into either database, all of it or nothing."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from aircall.storage.database import DatabaseError, open_database
from aircall.team import tables
from aircall.team.backup import BackupError, back_up, restore
from aircall.team.entries import EditConflictError
from aircall.team.service import Team
from aircall.team.tables import SCHEMA_VERSION
from tests.integration.team.people import (
    ANN,
    API,
    BEN,
    MADRID,
    OTHER_API,
    PARIS,
    StillInstant,
    draft,
    opened,
    seen,
)
from tests.integration.team.versions import load_released, set_version
from tests.support.postgres import Postgres
from tests.support.processes import ROOT

NUMBERS = [f"+3360000{number:04}" for number in range(200)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a backup is to be."""
    return tmp_path / "backup.callboard"


def told_all(team: Team) -> tuple[object, ...]:
    """Everything that people told."""
    return list(team.directory.all_entries()), team.claims.active(), team.activity.recent(limit=1000)


def filled(engine: Engine, instant: StillInstant) -> Team:
    """Team data of two APIs; that of the first."""
    team = opened(engine, instant)
    entry = team.directory.create(draft("Marie; Dupont", PARIS, "0612345678", company="Société"), ANN)
    team.directory.edit(seen(entry), draft("Marie", PARIS, kind="colleague"), BEN)
    team.claims.take(PARIS, BEN)
    opened(engine, instant, OTHER_API).directory.create(draft("Of another API", MADRID), ANN)
    return team


def test_a_backup_is_put_back_into_an_empty_database(
    database: Engine, tmp_path: Path, instant: StillInstant, file: Path
) -> None:
    team = filled(database, instant)
    elsewhere = open_database(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    # Its ids of APIs are others.
    opened(elsewhere, instant, "https://third.example")

    written = back_up(database, file)
    restored = restore(elsewhere, file)

    assert written == restored > 0
    assert told_all(opened(elsewhere, instant)) == told_all(team)
    of_other = opened(elsewhere, instant, OTHER_API).directory.entry_of(MADRID)
    assert of_other is not None
    assert of_other.name == "Of another API"
    elsewhere.dispose()


def test_a_file_of_sqlite_is_put_back_into_postgresql(
    sqlite: Engine, postgres: Postgres, instant: StillInstant, file: Path
) -> None:
    team = filled(sqlite, instant)
    engine = open_database(postgres.url)

    back_up(sqlite, file)
    restore(engine, file)

    elsewhere = opened(engine, instant)
    assert told_all(elsewhere) == told_all(team)
    # New ids do not collide with restored ones.
    newest = elsewhere.directory.create(draft("New", "+4930123456"), ANN)
    assert newest.id not in {entry.id for entry in team.directory.all_entries()}
    engine.dispose()


def test_a_database_with_team_data_is_replaced_on_request_only(
    database: Engine, instant: StillInstant, file: Path
) -> None:
    team = filled(database, instant)
    before = told_all(team)
    back_up(database, file)
    (entry,) = team.directory.all_entries()
    newer = team.directory.edit(seen(entry), draft("Changed after the backup"), ANN)
    after = told_all(team)

    with pytest.raises(BackupError, match="--replace"):
        restore(database, file)
    assert told_all(team) == after
    restore(database, file, replace=True)

    # A process that goes on serving sees it.
    assert told_all(team) == before
    assert team.directory.count("changed") == 0
    # And a page that shows what was edited after the backup overwrites nothing unseen.
    with pytest.raises(EditConflictError):
        team.directory.edit(seen(newer), draft("Zoé"), BEN)
    again = team.directory.edit(seen(entry), draft("Zoé"), BEN)
    assert again.version > newer.version


def test_a_backup_is_of_one_moment_while_people_go_on(
    database: Engine, tmp_path: Path, instant: StillInstant
) -> None:
    # Every write moves the name on by one number, and its version by one.
    team = opened(database, instant)
    team.directory.create(draft("Nomad", NUMBERS[0]), ANN)
    stop = threading.Event()

    def wander() -> None:
        for number in NUMBERS[1:]:
            (entry,) = team.directory.all_entries()
            team.directory.edit(seen(entry), draft("Nomad", number), ANN)
            if stop.is_set():
                return

    with ThreadPoolExecutor(1) as pool:
        wandering = pool.submit(wander)
        try:
            for part in range(5):
                file = tmp_path / f"{part}.backup"
                back_up(database, file)
                number, version = place_in(file)
                assert NUMBERS.index(number) == version - 1
        finally:
            stop.set()
        wandering.result()


def place_in(file: Path) -> tuple[str, int]:
    """The number of the only entry in a backup, and its version."""
    copy = open_database(f"sqlite:///{file}")
    with copy.connect() as connection:
        (number,) = connection.scalars(select(tables.numbers.c.number))
        (version,) = connection.scalars(select(tables.entries.c.version))
    copy.dispose()
    return number, version


def test_a_backup_is_for_its_owner_alone_and_overwrites_nothing(
    database: Engine, instant: StillInstant, file: Path
) -> None:
    filled(database, instant)
    back_up(database, file)
    content = file.read_bytes()

    with pytest.raises(BackupError, match="exists already"):
        back_up(database, file)

    assert file.read_bytes() == content
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(file.parent).count(file.name) == 1
    assert [name for name in os.listdir(file.parent) if name.startswith(".callboard")] == []
    with pytest.raises(BackupError, match="cannot be written"):
        back_up(database, file.parent / "no" / "folder")


def test_a_file_that_is_no_backup_is_refused_and_nothing_is_changed(
    database: Engine, instant: StillInstant, tmp_path: Path, file: Path
) -> None:
    team = filled(database, instant)
    before = told_all(team)
    back_up(database, file)
    content = file.read_bytes()
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE calls (id TEXT)")
    connection.close()
    texts = {
        "text": b"name,number\n",
        "short": content[:100],
        "cut": content[: len(content) // 2],
        "empty": b"",
    }
    for name, data in texts.items():
        (tmp_path / name).write_bytes(data)

    for name in [*texts, "other.db", "missing"]:
        with pytest.raises(BackupError) as refused:
            restore(database, tmp_path / name, replace=True)
        assert str(tmp_path / name) in str(refused.value)
        assert "\n" not in str(refused.value)

    assert told_all(team) == before


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_a_backup_of_each_released_version_is_upgraded(
    database: Engine, instant: StillInstant, file: Path, version: int
) -> None:
    released = open_database(f"sqlite:///{file}")
    load_released(released, version)
    released.dispose()
    content = file.read_bytes()

    restore(database, file)

    (entry,) = opened(database, instant).directory.all_entries()
    assert entry.name == "Marie O'Neill; Zoé"
    assert file.read_bytes() == content


def test_a_backup_of_a_newer_version_is_refused(database: Engine, instant: StillInstant, file: Path) -> None:
    filled(database, instant)
    back_up(database, file)
    copy = open_database(f"sqlite:///{file}")
    set_version(copy, SCHEMA_VERSION + 1)
    copy.dispose()

    with pytest.raises(DatabaseError, match="newer version"):
        restore(database, file, replace=True)


def test_a_copied_database_file_is_taken_with_what_is_still_beside_it(
    sqlite: Engine, tmp_path: Path, instant: StillInstant, file: Path
) -> None:
    team = filled(sqlite, instant)
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{sqlite.url.database}{suffix}", f"{file}{suffix}")
    elsewhere = open_database(f"sqlite:///{tmp_path / 'elsewhere.db'}")

    restore(elsewhere, file)

    assert told_all(opened(elsewhere, instant)) == told_all(team)
    elsewhere.dispose()


def run(*arguments: str, **settings: str) -> tuple[int, str]:
    """Exit status and output of `python -m aircall` with these settings."""
    command = [sys.executable, "-m", "aircall", *arguments]
    environment = {**os.environ, "AIRCALL_API_URL": API, **settings}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_operators_back_up_and_restore_by_commands(tmp_path: Path, instant: StillInstant, file: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'team.db'}")
    before = told_all(filled(engine, instant))
    place = {"DATA_DIR": str(tmp_path)}

    assert run("backup", str(file), **place) == (0, f"11 rows are in {file}.\n")
    status, line = run("restore", str(file), **place)
    assert (status, line.count("\n")) == (1, 1)
    assert line.startswith("Callboard cannot restore: There is team data already.")
    status, line = run("restore", str(file), "--replace", **place)
    assert status == 0, line
    assert told_all(opened(engine, instant)) == before
    assert run("migrate", **place) == (0, "The tables of team data are up to date.\n")
    engine.dispose()


def test_a_command_that_fails_says_why_in_one_line(tmp_path: Path, file: Path) -> None:
    away = {"DATABASE_URL": "postgresql://callboard:swordfish@127.0.0.1:1/callboard"}
    for arguments, settings in (
        (("backup", str(file)), away),
        (("restore", str(file)), {}),
        (("migrate",), {"CLAIM_MINUTES": "soon"}),
    ):
        status, line = run(*arguments, DATA_DIR=str(tmp_path), **settings)

        assert (status, line.count("\n")) == (1, 1)
        assert line.startswith(f"Callboard cannot {arguments[0]}: ")
        assert "swordfish" not in line
