"""Version 1: directory, claims and activity. Released, so it is never changed."""

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None

PREFIX = "callboard_team_"
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        f"{PREFIX}apis",
        sa.Column("id", ID, primary_key=True),
        sa.Column("url", TEXT, nullable=False, unique=True),
    )
    op.create_table(
        f"{PREFIX}revisions",
        _api_id(),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("api_id", "topic"),
    )
    _create_directory()
    op.create_table(
        f"{PREFIX}claims",
        _api_id(),
        sa.Column("number_key", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("username", TEXT, nullable=False),
        sa.Column("taken_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("api_id", "number_key"),
    )
    _create_activity()


def _api_id() -> sa.Column[int]:
    return sa.Column("api_id", ID, sa.ForeignKey(f"{PREFIX}apis.id"), nullable=False)


def _create_directory() -> None:
    op.create_table(
        f"{PREFIX}entries",
        sa.Column("id", ID, primary_key=True),
        _api_id(),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("company", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("words", TEXT, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("updated_by", TEXT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(f"{PREFIX}entries_words", f"{PREFIX}entries", ["api_id", "words", "id"])
    op.create_table(
        f"{PREFIX}numbers",
        _api_id(),
        sa.Column("number_key", TEXT, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("entry_id", ID, sa.ForeignKey(f"{PREFIX}entries.id"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("api_id", "number_key"),
    )
    op.create_index(f"{PREFIX}numbers_entry", f"{PREFIX}numbers", ["entry_id"])


def _create_activity() -> None:
    op.create_table(
        f"{PREFIX}activity",
        sa.Column("id", ID, primary_key=True),
        _api_id(),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("username", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("number_key", TEXT, nullable=False),
        sa.Column("call_id", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sqlite_autoincrement=True,
    )
    for name, columns in (
        ("number", ["api_id", "number_key", "id"]),
        ("call", ["api_id", "call_id", "id"]),
        ("at", ["at"]),
        ("api", ["api_id", "id"]),
    ):
        op.create_index(f"{PREFIX}activity_{name}", f"{PREFIX}activity", columns)
