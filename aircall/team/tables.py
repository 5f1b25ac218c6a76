"""Tables of team data.

Nobody else has what is in here: a table is changed by a migration (`migrations/versions/`), and never
dropped. Each row belongs to the API at one address; those of another API stay until it is used again.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)

from aircall.storage.database import TEXT

# The replica's tables are callboard_calls_8 and the like; it drops only its own.
PREFIX = "callboard_team_"
# The newest of migrations/versions/.
SCHEMA_VERSION = 1

ID = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()
# One row: the version of the tables, by Alembic.
version = Table(
    f"{PREFIX}version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{PREFIX}version_pkc"),
)
apis = Table(
    f"{PREFIX}apis",
    metadata,
    Column("id", ID, primary_key=True),
    Column("url", TEXT, nullable=False, unique=True),
)
# The number of writes to a topic of an API. A write begins with its row, which serializes the writers.
revisions = Table(
    f"{PREFIX}revisions",
    metadata,
    Column("api_id", ID, ForeignKey(apis.c.id), nullable=False),
    Column("topic", TEXT, nullable=False),
    Column("revision", BigInteger, nullable=False),
    PrimaryKeyConstraint("api_id", "topic"),
)
entries = Table(
    f"{PREFIX}entries",
    metadata,
    Column("id", ID, primary_key=True),
    Column("api_id", ID, ForeignKey(apis.c.id), nullable=False),
    # The directory's revision at the last edit.
    Column("version", BigInteger, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("company", TEXT, nullable=False),
    # `caller`, `line` or `colleague`.
    Column("kind", TEXT, nullable=False),
    # Searched, and sorted by: name and company, folded.
    Column("words", TEXT, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("updated_by", TEXT, nullable=False),
    Index(f"{PREFIX}entries_words", "api_id", "words", "id"),
    # Never reuse an id, which a form of an open page may still name.
    sqlite_autoincrement=True,
)
numbers = Table(
    f"{PREFIX}numbers",
    metadata,
    Column("api_id", ID, ForeignKey(apis.c.id), nullable=False),
    # `number_key` of the number.
    Column("number_key", TEXT, nullable=False),
    # As it was typed.
    Column("number", TEXT, nullable=False),
    Column("entry_id", ID, ForeignKey(entries.c.id), nullable=False),
    # Order within the entry.
    Column("position", Integer, nullable=False),
    PrimaryKeyConstraint("api_id", "number_key"),
    Index(f"{PREFIX}numbers_entry", "entry_id"),
)
claims = Table(
    f"{PREFIX}claims",
    metadata,
    Column("api_id", ID, ForeignKey(apis.c.id), nullable=False),
    Column("number_key", TEXT, nullable=False),
    Column("user_id", TEXT, nullable=False),
    Column("username", TEXT, nullable=False),
    # Milliseconds since 1970 UTC, as all instants here.
    Column("taken_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("api_id", "number_key"),
)
activity = Table(
    f"{PREFIX}activity",
    metadata,
    Column("id", ID, primary_key=True),
    Column("api_id", ID, ForeignKey(apis.c.id), nullable=False),
    Column("at", BigInteger, nullable=False),
    # Empty for what no user did, such as an expiry.
    Column("user_id", TEXT, nullable=False),
    Column("username", TEXT, nullable=False),
    Column("action", TEXT, nullable=False),
    # Each empty where there is none.
    Column("number_key", TEXT, nullable=False),
    Column("call_id", TEXT, nullable=False),
    # A note's id, another person's name, or a count: never a note's text or a caller's name.
    Column("detail", TEXT, nullable=False),
    Index(f"{PREFIX}activity_number", "api_id", "number_key", "id"),
    Index(f"{PREFIX}activity_call", "api_id", "call_id", "id"),
    Index(f"{PREFIX}activity_at", "at"),
    Index(f"{PREFIX}activity_api", "api_id", "id"),
    sqlite_autoincrement=True,
)
