"""What `python app.py` does: check what a start needs, listen, then become gunicorn.

Imports neither Flask nor the pages: only gunicorn's workers import the application, each of them once.
"""

import errno
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from aircall.calls.store import CallStore
from aircall.storage.database import DatabaseError, check_database, open_database
from aircall.storage.redis import RedisUnusableError, check_redis
from aircall.team.database import check_not_newer, stored_version
from aircall.team.tables import SCHEMA_VERSION
from config import SECRETS, Config, ConfigError, environment

ROOT = Path(__file__).parents[2]
# Connections that wait to be accepted: the default of gunicorn's `backlog`.
BACKLOG = 2048
# Rights of others.
READ, WRITE = stat.S_IROTH, stat.S_IWOTH
# Container engines put files there for this container alone, readable by all in it.
CONTAINER_SECRETS = "/run/secrets"
MANIFEST = ROOT / "static" / "dist" / "manifest.json"
CATALOGS = Path(__file__).parent / "translations"


class AssetsMissingError(Exception):
    """The front end has not been built."""


class TranslationsMissingError(Exception):
    """The translations have not been compiled."""


class AddressError(Exception):
    """HOST and PORT are no address that can be listened on; the message says which of them to change."""


# Reported in one line, without a traceback.
START_ERRORS = (
    AddressError,
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
    # gunicorn imports from here, and a path in a setting counts from here, wherever this was started.
    os.chdir(ROOT)
    # Logins and customers' numbers are stored: no other user of this machine may read them.
    os.umask(0o077)
    try:
        read_manifest()
        check_translations()
        settings = environment(ROOT)
        config = Config.from_environment(settings)
        warn(config, check_privacy(config, settings))
        # Kept for gunicorn: no other program can take the address in between.
        listening = listen(config.host, config.port)
        check_storage(config)
    except START_ERRORS as error:
        sys.exit(f"Callboard cannot start: {error}")
    listening.set_inheritable(True)
    arguments = ["-c", str(ROOT / "gunicorn.conf.py"), "--bind", f"fd://{listening.fileno()}"]
    command = [sys.executable, "-m", "gunicorn", *arguments, *gunicorn_arguments]
    os.execv(sys.executable, command)  # noqa: S606  # no user input


def warn(config: Config, open_paths: Sequence[str]) -> None:
    """Write down what is unsafe and insisted on. Raises ConfigError for what is open to others and is not."""
    if open_paths and not config.allow_insecure:
        raise ConfigError(f"{open_paths[0]} ALLOW_INSECURE=yes insists.")
    for danger in (*config.dangers, *open_paths):
        print(f"Callboard is not safe: {danger}", file=sys.stderr, flush=True)


def check_privacy(config: Config, settings: Mapping[str, str]) -> list[str]:
    """Return what other users of this machine may read, in sentences that say what to do."""
    named = [(f"{name}_FILE", settings.get(f"{name}_FILE", "").strip()) for name in SECRETS]
    files = [(name, ROOT / path) for name, path in named if path]
    files.append(("SECRET_KEY", config.data_dir / "secret_key"))
    found = [
        f"{name}: others may read {path}. Use chmod o= for it."
        for name, path in files
        if _is_open(path, READ) and not path.is_relative_to(CONTAINER_SECRETS)
    ]
    if _is_open(config.data_dir, READ | WRITE):
        found.append(f"DATA_DIR: others may read or write {config.data_dir}. Use chmod o= for it.")
    return found


def _is_open(path: Path, rights: int) -> bool:
    """Return whether users other than owner and group have one of these rights, and a way to it."""
    try:
        where = path.resolve(strict=True)
        has_way = all(parent.stat().st_mode & stat.S_IXOTH for parent in where.parents)
        return has_way and bool(where.stat().st_mode & rights)
    except OSError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there, by any free port if it is 0. Raises AddressError."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    # As gunicorn does: connections that are still being closed do not keep a restart waiting.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except (OSError, UnicodeError) as error:
        listening.close()
        raise AddressError(_address_trouble(host, port, error)) from error
    return listening


def _address_trouble(host: str, port: int, error: OSError | UnicodeError) -> str:
    code = error.errno if isinstance(error, OSError) and not isinstance(error, socket.gaierror) else None
    if code == errno.EADDRINUSE:
        return f"PORT {port} of {host} is taken by another program: stop that, or set another PORT."
    if code in (errno.EACCES, errno.EPERM):
        return f"PORT {port} is not for this user: set a PORT of 1024 or more."
    return f"HOST is {host!r}, which is no address of this machine. For it alone set HOST=127.0.0.1."


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
