"""Databases of released versions, as their own code left them."""

from pathlib import Path

from sqlalchemy import Engine, update

from aircall.team import tables

RELEASED = Path(__file__).parent / "released"


def load_released(engine: Engine, version: int) -> None:
    """Make the tables and rows of this version, as its own code left them."""
    name = engine.dialect.name
    statements = (RELEASED / f"version_{version}.sql").read_text().split(f"-- {name}\n")[1].split("\n-- ")[0]
    with engine.begin() as connection:
        for statement in statements.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(
                    statement.replace("%", "%%") if name == "postgresql" else statement
                )


def set_version(engine: Engine, version: int) -> None:
    """Let the tables be of this version."""
    with engine.begin() as connection:
        connection.execute(update(tables.version).values(version_num=str(version)))
