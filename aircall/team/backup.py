"""All team data, of every API, in one file, and back.

The file is a SQLite database with the tables of this package, whichever database it comes from, so that it
moves between SQLite and PostgreSQL. It is read in one transaction: what it holds was all true at one moment,
while people go on working. It holds names and numbers, and no password or token.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, Table, create_engine, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from aircall.storage.database import allow_long_statements, exclusive_transaction, first_line
from aircall.team.database import check_not_newer, known_api, prepare, stored_version
from aircall.team.migrations.upgrade import upgrade
from aircall.team.tables import activity, apis, claims, entries, numbers, revisions

# Rows that are copied at a time.
ROWS_AT_ONCE = 2_000
# What belongs to an API, in an order in which rows may be inserted.
OWNED = (entries, numbers, claims, activity)
WITH_IDS = (entries, activity)
SQLITE_BEGINNING = b"SQLite format 3\x00"


class BackupError(Exception):
    """A backup cannot be written or restored. The message is one line for people."""


def back_up(engine: Engine, path: Path) -> int:
    """Write all team data to a new file, which only this user may read; return the number of its rows.

    The file is there whole or not at all. Raises BackupError if it exists or cannot be written.
    """
    if path.exists():
        raise BackupError(f"{path} exists already: name another file.")
    prepare(engine)
    try:
        with _temporary(path.parent) as unfinished:
            with _opened(unfinished) as copy:
                count = _copy_out(engine, copy)
            _save(unfinished)
            unfinished.rename(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror or error}.") from error
    return count


def restore(engine: Engine, path: Path, *, replace: bool = False) -> int:
    """Put back all that the file holds, all or nothing; return the number of rows.

    Raises BackupError if the file is not a backup or, without `replace`, the database has team data already.
    With `replace` that is deleted before. The file stays as it is; an older one is upgraded in a copy.
    """
    _check_file(path)
    upgrade(engine)
    try:
        with tempfile.TemporaryDirectory(prefix="callboard-") as folder:
            copy_path = Path(folder) / "copy.db"
            _copy_file(path, copy_path)
            with _opened(copy_path) as copy:
                _check_content(copy, path)
                return _copy_in(copy, engine, replace=replace)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror or error}.") from error


def _copy_out(engine: Engine, copy: Engine) -> int:
    prepare(copy)
    with _snapshot(engine) as source, copy.begin() as target:
        for table in (apis, revisions):
            _copy_rows(source, target, table)
        return sum(_copy_rows(source, target, table) for table in OWNED)


def _copy_in(copy: Engine, engine: Engine, *, replace: bool) -> int:
    with copy.connect() as source, exclusive_transaction(engine) as target:
        allow_long_statements(target)
        # Excludes every writer of names, claims and activity.
        target.execute(update(revisions).values(revision=revisions.c.revision + 1))
        if replace:
            for table in reversed(OWNED):
                target.execute(delete(table))
        elif any(target.execute(select(table).limit(1)).first() for table in OWNED):
            raise BackupError(
                "There is team data already. To delete it and restore the backup, say --replace."
            )
        ids = {api.id: known_api(target, api.url) for api in source.execute(select(apis)).all()}
        count = sum(_copy_rows(source, target, table, ids) for table in OWNED)
        _raise_revisions(source, target)
        _continue_ids(target)
    return count


def _copy_rows(
    source: Connection, target: Connection, table: Table, api_ids: dict[int, int] | None = None
) -> int:
    count = 0
    rows = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table)).mappings()
    for part in rows.partitions(ROWS_AT_ONCE):
        values = [dict(row) for row in part]
        for row in values:
            if api_ids is not None:
                row["api_id"] = api_ids[row["api_id"]]
        target.execute(insert(table), values)
        count += len(values)
    return count


def _raise_revisions(source: Connection, target: Connection) -> None:
    """Go on above every version that was ever seen: no open form may take a restored entry for its own."""
    newest = max(
        connection.scalar(select(func.max(revisions.c.revision))) or 0 for connection in (source, target)
    )
    target.execute(update(revisions).values(revision=newest + 1))


def _continue_ids(target: Connection) -> None:
    # SQLite does so by itself.
    if target.dialect.name != "postgresql":
        return
    for table in WITH_IDS:
        sequence = func.pg_get_serial_sequence(table.name, "id")
        newest = select(func.coalesce(func.max(table.c.id), 0) + 1).scalar_subquery()
        target.execute(
            select(func.setval(sequence, func.greatest(newest, func.nextval(sequence)), False))
        )  # SQL's own order


def _copy_file(path: Path, copy_path: Path) -> None:
    """Copy the file, and what SQLite has not moved into it yet if it is a database that was in use."""
    shutil.copyfile(path, copy_path)
    log = Path(f"{path}-wal")
    if log.exists():
        shutil.copyfile(log, f"{copy_path}-wal")


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            beginning = file.read(len(SQLITE_BEGINNING))
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror or error}.") from error
    if beginning != SQLITE_BEGINNING:
        raise BackupError(f"{path} is no backup of Callboard.")


def _check_content(copy: Engine, path: Path) -> None:
    try:
        with copy.connect() as connection:
            is_sound = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() == "ok"
            stored = stored_version(connection) if is_sound else None
            if is_sound and stored is not None:
                check_not_newer(connection, stored)
    except (SQLAlchemyError, ValueError) as error:
        reason = first_line(error) if isinstance(error, SQLAlchemyError) else str(error)
        raise BackupError(f"{path} is damaged: {reason}") from error
    if not is_sound:
        raise BackupError(f"{path} is damaged.")
    if stored is None:
        raise BackupError(f"{path} is no backup of Callboard.")
    upgrade(copy)


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees the database as it is now, whatever others write meanwhile."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        else:
            connection.exec_driver_sql("BEGIN")
        yield connection


@contextmanager
def _opened(path: Path) -> Iterator[Engine]:
    # Not in WAL: a backup is a single file.
    engine = create_engine(URL.create("sqlite", database=str(path)), hide_parameters=True)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """Make an empty file in this folder, and remove it at the end."""
    descriptor, name = tempfile.mkstemp(prefix=".callboard-", dir=folder)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _save(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
