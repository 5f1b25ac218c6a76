"""The database's URL, which has a password in it: what is taken, and that it is never repeated."""

from pathlib import Path

import pytest

from config import Config, ConfigError


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://calls:sword%40fish@db.example:5432/calls",
        "postgresql+psycopg://calls@db.example/calls",
        "postgresql://calls:a:b@[::1]/calls-1?sslmode=verify-full&sslrootcert=/etc/ca.pem",
    ],
)
def test_a_postgresql_is_taken(tmp_path: Path, url: str) -> None:
    config = Config.from_environment({"DATA_DIR": str(tmp_path), "DATABASE_URL": url})

    assert config.database_url == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://calls:sword@fish@localhost/calls",
        "postgresql://calls:sword/fish@localhost/calls",
        "postgresql://calls@localhost/calls?password=swordfish",
        "postgres://calls:swordfish@localhost/calls",
    ],
)
def test_a_database_whose_password_could_be_taken_for_something_else_is_refused(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        Config.from_environment({"DATA_DIR": str(tmp_path), "DATABASE_URL": url})

    line = str(refused.value)
    assert line.startswith("DATABASE_URL")
    assert "fish" not in line
