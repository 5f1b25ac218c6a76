"""Upgrades the tables of team data from any released version.

A module of its own: Alembic takes 0.12 s to import, and hardly a start has anything to upgrade.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Engine

from aircall.storage.database import DatabaseError, allow_long_statements, exclusive_transaction
from aircall.team.database import check_not_newer, stored_version
from aircall.team.tables import SCHEMA_VERSION


def upgrade(engine: Engine) -> None:
    """Upgrade the tables, or create them, in one transaction and once for all processes that do so at a time.

    Raises DatabaseError if they are of a newer version of Callboard, or of none that was released.
    """
    with exclusive_transaction(engine) as connection:
        # Read again under the lock: another process may have done it.
        stored = stored_version(connection)
        check_not_newer(connection, stored)
        if stored != SCHEMA_VERSION:
            allow_long_statements(connection)
            config = alembic_config()
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, str(SCHEMA_VERSION))
            except CommandError as error:
                raise DatabaseError(f"The team data cannot be upgraded: {error}.") from error


def alembic_config() -> Config:
    """Return Alembic's settings for these migrations."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    # One path, which may contain any separator.
    config.set_main_option("path_separator", "newline")
    return config
