"""What `python app.py` does: check what a start needs, then become gunicorn.

Imports neither Flask nor the pages: only gunicorn's workers import the application, each of them once.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from aircall.calls.store import CallStore
from aircall.storage.database import DatabaseError, check_database, open_database
from aircall.storage.redis import RedisUnusableError, check_redis
from aircall.team.database import check_not_newer, stored_version
from aircall.team.tables import SCHEMA_VERSION
from config import Config, ConfigError, environment

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "static" / "dist" / "manifest.json"
CATALOGS = Path(__file__).parent / "translations"


class AssetsMissingError(Exception):
    """The front end has not been built."""


class TranslationsMissingError(Exception):
    """The translations have not been compiled."""


# Reported in one line, without a traceback.
START_ERRORS = (
    ConfigError,
    DatabaseError,
    RedisUnusableError,
    AssetsMissingError,
    TranslationsMissingError,
)


def main(*gunicorn_arguments: str) -> None:
    """Replace this process by gunicorn, with these further arguments.

    Exits with status 1 and one line if the dashboard cannot start.
    """
    # Logins and customers' numbers are stored: no other user of this machine may read them.
    os.umask(0o077)
    try:
        check_storage(Config.from_environment(environment(ROOT)))
        read_manifest()
        check_translations()
    except START_ERRORS as error:
        sys.exit(f"Callboard cannot start: {error}")
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), *gunicorn_arguments]
    os.execv(sys.executable, command)  # noqa: S606  # no user input


def check_storage(config: Config) -> None:
    """Raise DatabaseError or RedisUnusableError if something cannot be stored."""
    if config.redis_url is not None:
        check_redis(config.redis_url)
    else:
        check_database(sessions_url(config))
    check_database(config.database_url)
    _check_calls(config)
    check_database(config.team_database_url)
    _upgrade_team_data(config)


def sessions_url(config: Config) -> str:
    """Return the URL of the database that holds sessions and logins when there is no Redis."""
    return f"sqlite:///{config.data_dir / 'sessions.db'}"


def read_manifest() -> dict[str, str]:
    """Return the built files' names by their sources'. Raises AssetsMissingError if there is no build."""
    try:
        return dict(json.loads(MANIFEST.read_text()))
    except OSError as error:
        raise AssetsMissingError(f"{MANIFEST} is missing: run `make setup` first.") from error


def check_translations() -> None:
    """Raise TranslationsMissingError if a catalog has not been compiled."""
    for catalog in CATALOGS.glob("*/LC_MESSAGES/messages.po"):
        compiled = catalog.with_suffix(".mo")
        if not compiled.is_file():
            raise TranslationsMissingError(f"{compiled} is missing: run `make setup` first.")


def _upgrade_team_data(config: Config) -> None:
    """Upgrade the tables of team data if an older version has made them. Raises DatabaseError."""
    engine = open_database(config.team_database_url)
    try:
        with engine.connect() as connection:
            stored = stored_version(connection)
            check_not_newer(connection, stored)
    finally:
        engine.dispose()
    if stored is not None and stored < SCHEMA_VERSION:
        # In a process of its own: hardly a start needs Alembic, which takes long to import.
        command = [sys.executable, "-m", "aircall", "migrate"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # no user input
        if done.returncode:
            raise DatabaseError((done.stderr.splitlines() or ["the upgrade of team data failed."])[-1])


def _check_calls(config: Config) -> None:
    """Raise DatabaseError if the database holds the calls of another API."""
    store = CallStore(open_database(config.database_url))
    try:
        store.belong_to(config.api_url)
    finally:
        store.close()
