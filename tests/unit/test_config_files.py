"""What the settings keep in files: the secret, the data directory, `.env`."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from config import Config, ConfigError, environment


def read(tmp_path: Path, **settings: str) -> Config:
    """The settings of an environment that keeps its data in `tmp_path`."""
    return Config.from_environment({"DATA_DIR": str(tmp_path), **settings})


def refusal(tmp_path: Path, **settings: str) -> str:
    """The line that refuses these settings."""
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, **settings)
    return str(refused.value)


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_secret_made_on_loopback_is_kept_for_oneself_and_used_again(tmp_path: Path) -> None:
    first = read(tmp_path)
    second = read(tmp_path)

    assert len(first.secret_key) >= 32
    assert second.secret_key == first.secret_key
    assert permissions(tmp_path / "secret_key") == 0o600


def test_two_installations_have_different_secrets(tmp_path: Path) -> None:
    assert read(tmp_path / "one").secret_key != read(tmp_path / "two").secret_key


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40])
def test_a_kept_secret_that_is_of_no_use_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret_key").write_bytes(content)

    line = refusal(tmp_path)

    assert str(tmp_path / "secret_key") in line


def test_a_kept_secret_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").mkdir()

    line = refusal(tmp_path)

    assert str(tmp_path / "secret_key") in line


def test_a_secret_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    # It points nowhere, so that nothing can be made under this name.
    (tmp_path / "secret_key").symlink_to(tmp_path / "missing" / "secret_key")

    line = refusal(tmp_path)

    assert str(tmp_path / "secret_key") in line


def test_the_data_directory_is_made_for_oneself_only(tmp_path: Path) -> None:
    config = read(tmp_path / "a" / "data")

    assert config.data_dir == tmp_path / "a" / "data"
    assert permissions(config.data_dir) == 0o700


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    line = refusal(tmp_path / "file")

    assert line.startswith("DATA_DIR cannot be used")


def test_the_environment_stands_above_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("PORT=1111\nHOST=localhost\nEMPTY\n")
    monkeypatch.setenv("PORT", "2222")
    monkeypatch.delenv("HOST", raising=False)

    settings = environment(tmp_path)

    assert settings["PORT"] == "2222"
    assert settings["HOST"] == "localhost"
    assert "EMPTY" not in settings


def test_a_password_in_the_env_file_is_taken_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LISTENER_PASSWORD=a${HOME}b\n")

    settings = environment(tmp_path)

    assert settings["LISTENER_PASSWORD"] == "a${HOME}b"


def test_an_env_file_is_not_needed(tmp_path: Path) -> None:
    settings: Mapping[str, str] = environment(tmp_path)

    assert settings == dict(os.environ)
