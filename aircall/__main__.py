"""Commands for operators, by the settings of the environment: `python -m aircall backup FILE` and others."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from aircall.storage.database import DatabaseError, first_line, open_database
from aircall.team.backup import BackupError, back_up, restore
from aircall.team.migrations.upgrade import upgrade
from config import Config, ConfigError, environment

ROOT = Path(__file__).parents[1]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command. Exits with status 1 and one line if it fails."""
    given = _parser().parse_args(arguments)
    # Customers' names and numbers: no other user of this machine may read them.
    os.umask(0o077)
    try:
        config = Config.from_environment(environment(ROOT))
        engine = open_database(config.team_database_url, is_durable=True)
        try:
            run: Callable[[Engine, argparse.Namespace], str] = given.run
            print(run(engine, given))
        finally:
            engine.dispose()
    except (BackupError, ConfigError, DatabaseError) as error:
        sys.exit(f"Callboard cannot {given.command}: {error}")
    except SQLAlchemyError as error:
        sys.exit(f"Callboard cannot {given.command}: the database fails: {first_line(error)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m aircall", description="Names, claims and activity.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("backup", help="write all team data to a new file, while serving")
    command.add_argument("file", type=Path)
    command.set_defaults(run=_back_up)
    command = commands.add_parser("restore", help="put back what a backup holds, all or nothing")
    command.add_argument("file", type=Path)
    command.add_argument("--replace", action="store_true", help="delete the team data that is there")
    command.set_defaults(run=_restore)
    command = commands.add_parser("migrate", help="upgrade the tables of team data, as every start does")
    command.set_defaults(run=_migrate)
    return parser


def _back_up(engine: Engine, given: argparse.Namespace) -> str:
    return f"{back_up(engine, given.file)} rows are in {given.file}."


def _restore(engine: Engine, given: argparse.Namespace) -> str:
    return f"{restore(engine, given.file, replace=given.replace)} rows were restored from {given.file}."


def _migrate(engine: Engine, _given: argparse.Namespace) -> str:
    upgrade(engine)
    return "The tables of team data are up to date."


if __name__ == "__main__":
    main()
