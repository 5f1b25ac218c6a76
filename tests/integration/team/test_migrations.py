"""Tables of team data are upgraded from each released version, on both databases, whoever starts at once."""

import multiprocessing

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from aircall.calls.store import CallStore
from aircall.storage.database import DatabaseError, open_database
from aircall.team.database import prepare
from aircall.team.migrations.upgrade import alembic_config, upgrade
from aircall.team.tables import PREFIX, SCHEMA_VERSION, metadata
from tests.integration.team.people import (
    ANN,
    BEN,
    OTHER_API,
    PARIS,
    PARIS_KEY,
    StillInstant,
    draft,
    opened,
    seen,
)
from tests.integration.team.versions import RELEASED, load_released, set_version

PROCESSES = 4


def test_the_version_of_the_code_is_the_newest_migration() -> None:
    script = ScriptDirectory.from_config(alembic_config())

    assert script.get_heads() == [str(SCHEMA_VERSION)]


def test_every_released_version_has_its_dump() -> None:
    assert sorted(path.name for path in RELEASED.iterdir()) == sorted(
        f"version_{version}.sql" for version in range(1, SCHEMA_VERSION + 1)
    )


def test_a_new_database_is_the_same_as_one_that_went_through_every_migration(
    database: Engine,
) -> None:
    upgrade(database)
    migrated = described(database)

    with database.begin() as connection:
        metadata.drop_all(connection)
    prepare(database)

    assert described(database) == migrated
    assert set(migrated) == {table.name for table in metadata.sorted_tables}


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_data_of_each_released_version_is_there_after_the_upgrade(database: Engine, version: int) -> None:
    load_released(database, version)

    upgrade(database)

    team = opened(database, StillInstant())
    (entry,) = team.directory.all_entries()
    assert entry.draft == draft(
        "Marie O'Neill; Zoé", PARIS, "0612345678", company="Société 50 %", kind="line"
    )
    assert [(claim.user, claim.number_key) for claim in team.claims.active()] == [(BEN, PARIS_KEY)]
    assert [(line.action, line.user) for line in team.activity.recent()] == [("taken", BEN), ("named", ANN)]
    of_other = opened(database, StillInstant(), OTHER_API).directory
    assert [one.name for one in of_other.all_entries()] == ["Of another API"]
    # Written to as ever.
    assert team.directory.edit(seen(entry), draft("Zoé"), ANN).version > entry.version
    assert of_other.create(draft("New", "+4930123456"), ANN).id > 2


def test_processes_that_start_at_once_make_the_tables_once(database: Engine) -> None:
    url = database.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")

    with context.Pool(PROCESSES) as pool:
        ids = pool.map(open_as_a_process, [(url, "https://new.example")] * PROCESSES * 2)
        pool.close()
        pool.join()

    assert set(ids) == {1}


def test_the_start_of_a_newer_or_older_version_says_so_in_one_line(database: Engine) -> None:
    prepare(database)
    for stored, advice in ((SCHEMA_VERSION + 1, "newer version"), (0, "python -m aircall migrate")):
        set_version(database, stored)

        with pytest.raises(DatabaseError) as refused:
            opened(database, StillInstant())

        line = str(refused.value)
        assert advice in line
        assert "\n" not in line
        assert "swordfish" not in line
    set_version(database, SCHEMA_VERSION + 1)
    with pytest.raises(DatabaseError):
        upgrade(database)


def test_an_upgrade_that_fails_changes_nothing(database: Engine) -> None:
    # In the way of the last table.
    with database.begin() as connection:
        connection.execute(text(f"CREATE TABLE {PREFIX}activity (x INTEGER)"))

    with pytest.raises(Exception, match="already exists"):
        upgrade(database)

    assert inspect(database).get_table_names() == [f"{PREFIX}activity"]


def test_the_call_store_leaves_team_data_alone(database: Engine) -> None:
    opened(database, StillInstant()).directory.create(draft("Marie"), ANN)

    store = CallStore(database)
    store.belong_to("https://api.example")
    store.clear()
    CallStore(database)

    assert opened(database, StillInstant()).directory.names([PARIS])[PARIS_KEY].name == "Marie"


def described(engine: Engine) -> dict[str, object]:
    """Columns, keys and indexes of each table."""
    found = inspect(engine)
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(name)],
            found.get_pk_constraint(name),
            sorted(found.get_foreign_keys(name), key=str),
            sorted(found.get_indexes(name), key=str),
            sorted(found.get_unique_constraints(name), key=str),
            # How ids are given in SQLite.
            sqlite_options(engine, name),
        )
        for name in found.get_table_names()
        if name.startswith(PREFIX)
    }


def sqlite_options(engine: Engine, table: str) -> bool:
    if engine.dialect.name != "sqlite":
        return False
    with engine.connect() as connection:
        sql = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table})
    return "AUTOINCREMENT" in str(sql)


def open_as_a_process(place: tuple[str, str]) -> int:
    """Open team data as a process of its own does, and return the API's id."""
    url, api_url = place
    engine = open_database(url)
    try:
        return opened(engine, StillInstant(), api_url).database.api_id
    finally:
        engine.dispose()
