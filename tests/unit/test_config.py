"""Settings: their defaults and valid values, the one line that refuses others, and what is kept in files."""

import os
import stat
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aircall.addresses import is_loopback
from config import SECRETS, Config, ConfigError, environment

SECRET = "0123456789abcdef0123456789abcdef"
URL_SETTINGS = ("AIRCALL_API_URL", "PUSHER_AUTH_ENDPOINT", "PUBLIC_ORIGIN", "DATABASE_URL", "REDIS_URL")
TAKEN_AS_THEY_ARE = [
    ("PUSHER_AUTH_ENDPOINT", "https://a.example/sign"),
    ("PUSHER_APP_KEY", "a-key"),
    ("PUSHER_APP_CLUSTER", "us2"),
    ("PUSHER_HOST", "localhost"),
    ("PROXY_URL", "http://proxy.example:3128"),
    ("PROXY_URL", "http://ann:pass%40word@[::1]:3128"),
    ("PUSHER_SCHEME", "http"),
    ("HOST", "::1"),
    ("SECRET_KEY", SECRET),
    ("LOG_FORMAT", "json"),
    ("LOG_LEVEL", "DEBUG"),
    ("METRICS_TOKEN", "16-characters-ok"),
    ("DATABASE_URL", "sqlite:////tmp/calls.db"),
    ("DATABASE_URL", "postgresql://calls:sword%40fish@db.example:5432/calls"),
    ("DATABASE_URL", "postgresql+psycopg://calls@db.example/calls"),
    ("DATABASE_URL", "postgresql://calls:a:b@[::1]/calls-1?sslmode=verify-full&sslrootcert=/etc/ca.pem"),
    ("REDIS_URL", "redis://localhost"),
    ("REDIS_URL", "redis://:pass%40word@[::1]:6379/2"),
    ("REDIS_URL", "rediss://ann:secret@redis.example?ssl_ca_certs=/etc/ca.pem"),
    ("REDIS_URL", "unix:///run/redis.sock?db=1"),
]


UNSAFE = [
    ("PUBLIC_ORIGIN", "http://calls.example"), ("AIRCALL_API_URL", "http://api.example"),
    ("PUSHER_AUTH_ENDPOINT", "http://api.example/auth"), ("SECRET_KEY", "k" * 64),
    ("SECRET_KEY", "abcabc" * 10), ("SECRET_KEY_FALLBACKS", "k" * 32),
]  # fmt: skip


def read(tmp_path: Path, **settings: str) -> Config:
    """The settings of an environment that keeps its data in `tmp_path`."""
    return Config.from_environment({"DATA_DIR": str(tmp_path), **settings})


def refusal(tmp_path: Path, **settings: str) -> str:
    """The line that refuses these settings."""
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, **settings)
    return str(refused.value)


def test_what_is_kept_on_disk_is_in_the_data_directory_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    config = Config.from_environment({})

    assert config.data_dir == tmp_path / "instance"
    assert config.database_url == f"sqlite:///{tmp_path}/instance/calls.db"
    assert config.secret_key == (tmp_path / "instance" / "secret_key").read_text()


def test_team_data_has_a_file_of_its_own_or_is_in_the_same_postgresql(tmp_path: Path) -> None:
    postgresql = "postgresql://calls@db.example/calls"

    assert read(tmp_path).team_database_url == f"sqlite:///{tmp_path}/team.db"
    elsewhere = read(tmp_path, DATABASE_URL="sqlite:////tmp/calls.db")
    assert elsewhere.team_database_url == f"sqlite:///{tmp_path}/team.db"
    assert read(tmp_path, DATABASE_URL=postgresql).team_database_url == postgresql


def test_an_empty_value_counts_as_unset(tmp_path: Path) -> None:
    empty = dict.fromkeys(("AIRCALL_API_URL", "PORT", "SECRET_KEY", "WORKERS", "REDIS_URL", "TIMEZONE"), " ")

    config = read(tmp_path, **empty)

    assert config == read(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("AIRCALL_API_URL", "http://127.0.0.1:9100/", "api_url", "http://127.0.0.1:9100"),
        ("AIRCALL_API_URL", " https://api.example/v1 ", "api_url", "https://api.example/v1"),
        ("AIRCALL_API_URL", "http://[::1]:9100", "pusher_auth_endpoint", "http://[::1]:9100/pusher/auth"),
        ("PUSHER_PORT", "1", "pusher_port", 1),
        ("PORT", "65535", "port", 65535),
        ("PORT", "0", "port", 0),
        ("TIMEZONE", "Europe/Paris", "timezone", ZoneInfo("Europe/Paris")),
        ("PUBLIC_ORIGIN", "https://Calls.example/", "public_origin", "https://calls.example"),
        ("PUBLIC_ORIGIN", "https://calls.example.:443", "public_origin", "https://calls.example"),
        ("PUBLIC_ORIGIN", "https://calls.example:0443", "public_origin", "https://calls.example"),
        (
            "PUBLIC_ORIGIN",
            "https://xn--anrufe-bua.example:8443",
            "public_origin",
            "https://xn--anrufe-bua.example:8443",
        ),
        ("PUBLIC_ORIGIN", "http://localhost:80", "public_origin", "http://localhost"),
        ("PUBLIC_ORIGIN", "https://[2001:DB8::0:1]", "public_origin", "https://[2001:db8::1]"),
        ("ALLOW_INSECURE", "yes", "allow_insecure", True),
        ("WORKERS", "1", "workers", 1),
        ("CLAIM_MINUTES", "5", "claim_minutes", 5),
        ("ACTIVITY_DAYS", "3650", "activity_days", 3650),
        ("PAGES_PER_LOGIN", "10000", "pages_per_login", 10_000),
        ("TRUSTED_PROXIES", "2", "trusted_proxies", 2),
        ("SECRET_KEY_FALLBACKS", f" {SECRET} ,, b{SECRET},", "secret_key_fallbacks", (SECRET, f"b{SECRET}")),
        *((name, text, name.lower(), text) for name, text in TAKEN_AS_THEY_ARE),
    ],
)
def test_a_good_value_is_taken(tmp_path: Path, name: str, text: str, field: str, value: object) -> None:
    config = read(tmp_path, **{name: text})

    assert getattr(config, field) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("AIRCALL_API_URL", "frontend-test-api.aircall.dev"), ("AIRCALL_API_URL", "ftp://api.example"),
        ("AIRCALL_API_URL", "/"), ("AIRCALL_API_URL", "https://:443"),
        ("AIRCALL_API_URL", "https://api.example:0"), ("AIRCALL_API_URL", "https://"),
        ("AIRCALL_API_URL", "https://[::1"), ("AIRCALL_API_URL", "https://api.example:80a"),
        ("AIRCALL_API_URL", "https://api.example:99999"), ("AIRCALL_API_URL", "https://api.example?key=1"),
        ("AIRCALL_API_URL", "https://api example"), ("PUSHER_AUTH_ENDPOINT", "/pusher/auth"),
        ("PUSHER_APP_KEY", "a key"), ("PUSHER_APP_CLUSTER", "eu/../x"), ("PUSHER_HOST", "http://localhost"),
        ("PUSHER_PORT", "http"), ("PUSHER_SCHEME", "wss"), ("HOST", "http://127.0.0.1"), ("PORT", "65536"),
        ("PORT", "-1"), ("PORT", "8_000"), ("PORT", "٨٠٠٠"), ("PORT", "8" * 5000),
        ("SECRET_KEY", SECRET[1:]), ("SECRET_KEY_FALLBACKS", f"{SECRET},{SECRET[1:]}"),
        ("DATABASE_URL", "postgresql://localhost/calls"),
        ("DATABASE_URL", "postgresql+psycopg2://calls@localhost/calls"),
        ("DATABASE_URL", "postgresql://calls@localhost"), ("DATABASE_URL", "postgresql://calls@/calls"),
        ("DATABASE_URL", "postgresql://calls@localhost:99999/calls"),
        ("DATABASE_URL", "mysql://calls@localhost/calls"), ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///:memory:"), ("DATABASE_URL", "sqlite:////no/such/directory/calls.db"),
        ("REDIS_URL", "localhost:6379"), ("REDIS_URL", "http://localhost"), ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://localhost:99999"), ("REDIS_URL", "redis://localhost:0"),
        ("REDIS_URL", "redis://localhost/sessions"), ("REDIS_URL", "redis://localhost?socket_timeout=60"),
        ("REDIS_URL", "unix://redis.sock"), ("WORKERS", "0"), ("WORKERS", "2"), ("WORKERS", "65"),
        ("WORKERS", "many"), ("CLAIM_MINUTES", "0"), ("PAGES_PER_LOGIN", "0"), ("TRUSTED_PROXIES", "11"),
        ("ACTIVITY_DAYS", "3651"), ("TIMEZONE", "Paris"), ("TIMEZONE", "../etc/localtime"),
        ("LISTENER_USERNAME", "listener"), ("LISTENER_PASSWORD", "only the password"),
        ("DATA_DIR", "/srv/[data]"), ("SECRET_KEY_FILE", "/no/such/file"), ("REDIS_URL_FILE", "/dev/null"),
        ("METRICS_TOKEN_FILE", "/"), ("LOG_FORMAT", "xml"), ("LOG_LEVEL", "VERBOSE"),
        ("DATA_DIR", "/dev/null"),
        ("PUBLIC_ORIGIN", "https://calls.example/dashboard"), ("PUBLIC_ORIGIN", "calls.example"),
        ("PUBLIC_ORIGIN", "https://*.example"), ("PUBLIC_ORIGIN", "*"), ("PUBLIC_ORIGIN", "https://anrüfe.example"),
        ("PUBLIC_ORIGIN", "https://calls..example"), ("PUBLIC_ORIGIN", "https://[::g]"),
        ("ALLOW_INSECURE", "true"), *UNSAFE,
        ("PROXY_URL", "proxy:3128"), ("PROXY_URL", "https://proxy"), ("PROXY_URL", "socks5://proxy"),
        ("PROXY_URL", "http://proxy:0"), ("PROXY_URL", "http://a:swordfish@b@proxy"),
        ("METRICS_TOKEN", "15-characters--"), ("METRICS_TOKEN", "sixteen and more characters"),
        ("METRICS_TOKEN", "sechzehn-und-mehr-für-zwei"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_in_one_short_line_that_names_it(tmp_path: Path, name: str, text: str) -> None:
    line = refusal(tmp_path, **{name: text})

    assert name in line
    assert line.isprintable()
    assert len(line) < 200


@pytest.mark.parametrize(("name", "text"), UNSAFE)
def test_who_insists_may_start_unsafe(tmp_path: Path, name: str, text: str) -> None:
    config = read(tmp_path, **{name: text}, ALLOW_INSECURE="yes")

    assert name in config.dangers[0]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        *((name, "https://alice:swordfish@api.example") for name in URL_SETTINGS),
        ("DATABASE_URL", "postgresql://calls:sword@fish@localhost/calls"),
        ("DATABASE_URL", "postgresql://calls:sword/fish@localhost/calls"),
        ("DATABASE_URL", "postgresql://calls@localhost/calls?password=swordfish"),
        ("DATABASE_URL", "postgres://calls:swordfish@localhost/calls"),
    ],
)
def test_a_password_in_a_refused_url_is_not_repeated(tmp_path: Path, name: str, url: str) -> None:
    line = refusal(tmp_path, **{name: url})

    assert name in line
    assert "fish" not in line


def test_the_listeners_password_is_used_exactly_as_given(tmp_path: Path) -> None:
    config = read(tmp_path, LISTENER_USERNAME=" listener ", LISTENER_PASSWORD=" a b ")

    assert (config.listener_username, config.listener_password) == ("listener", " a b ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", SECRET),
        ("METRICS_TOKEN", "16-characters-ok"),
        ("DATABASE_URL", "postgresql://calls@db.example/calls"),
        ("REDIS_URL", "redis://localhost"),
        ("PROXY_URL", "http://ann:swordfish@localhost"),
        ("LISTENER_PASSWORD", " a b "),
    ],
)
def test_a_secret_may_be_in_a_file_and_not_in_both_places(tmp_path: Path, name: str, value: str) -> None:
    file = tmp_path / "secret"
    account = {"LISTENER_USERNAME": "listener"} if name == "LISTENER_PASSWORD" else {}
    for end in ("", "\n", "\r\n"):
        file.write_bytes(f"{value}{end}".encode())

        config = read(tmp_path, **account, **{f"{name}_FILE": str(file)})

        assert getattr(config, name.lower()) == value
    both = {f"{name}_FILE": str(file), name: value}
    assert refusal(tmp_path, **account, **both).startswith(f"{name} and {name}_FILE are both set")


def test_no_secret_of_a_file_is_repeated(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("swordfish")

    for name in set(SECRETS) - {"LISTENER_PASSWORD"}:
        line = refusal(tmp_path, LISTENER_PASSWORD="alone", **{f"{name}_FILE": str(tmp_path / "secret")})

        assert "swordfish" not in line


def test_a_path_in_the_public_origin_is_refused_with_the_reason(tmp_path: Path) -> None:
    assert "without a path" in refusal(tmp_path, PUBLIC_ORIGIN="https://example.com/calls")


def test_more_than_one_process_needs_a_redis(tmp_path: Path) -> None:
    line = refusal(tmp_path, WORKERS="4")

    assert line == "WORKERS above 1 needs REDIS_URL."
    assert read(tmp_path, WORKERS="4", REDIS_URL="redis://localhost").workers == 4


def test_no_secret_is_in_the_repr(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        LISTENER_USERNAME="listener",
        DATABASE_URL="postgresql://calls:swordfish@localhost/calls",
        REDIS_URL="redis://:swordfish@localhost",
        PROXY_URL="http://ann:swordfish@localhost",
        **dict.fromkeys(
            ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "LISTENER_PASSWORD", "METRICS_TOKEN"), "swordfish" * 4
        ),
    )

    assert "swordfish" not in repr(config)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "calls.example"])  # noqa: S104 - to refuse it
def test_a_host_that_others_can_reach_needs_a_secret_of_its_own(tmp_path: Path, host: str) -> None:
    line = refusal(tmp_path, HOST=host)

    assert line.startswith(f"SECRET_KEY has to be set when HOST is not loopback, and HOST is {host!r}.")
    public = {"HOST": host, "SECRET_KEY": SECRET}
    assert "PUBLIC_ORIGIN has to be set, to an https:// address." in refusal(tmp_path, **public)
    assert read(tmp_path, **public, PUBLIC_ORIGIN="https://calls.example").host == host
    assert read(tmp_path, **public, ALLOW_INSECURE="yes").host == host


def test_loopback_is_what_only_this_machine_can_reach(tmp_path: Path) -> None:
    for host in ("localhost", "127.0.0.1", "127.8.8.8", "::1"):
        assert is_loopback(host)
        assert read(tmp_path, HOST=host).host == host


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_secret_made_on_loopback_is_private_to_this_installation_and_used_again(tmp_path: Path) -> None:
    first = read(tmp_path / "a" / "data")

    assert len(first.secret_key) >= 32
    assert read(tmp_path / "a" / "data").secret_key == first.secret_key
    assert read(tmp_path / "other").secret_key != first.secret_key
    assert permissions(tmp_path / "a" / "data" / "secret_key") == 0o600
    assert permissions(tmp_path / "a" / "data") == 0o700


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40, "a directory", "a dangling link"])
def test_an_unusable_secret_file_is_refused(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "secret_key"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "a directory":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "missing" / "secret_key")

    assert str(path) in refusal(tmp_path)


def test_the_environment_stands_above_the_env_file_which_is_not_interpolated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PORT=1111\nHOST=localhost\nEMPTY\nLISTENER_PASSWORD=a${HOME}b\n")
    monkeypatch.setenv("PORT", "2222")
    monkeypatch.delenv("HOST", raising=False)
    monkeypatch.delenv("LISTENER_PASSWORD", raising=False)

    settings = environment(tmp_path)

    assert settings["PORT"] == "2222"
    assert settings["HOST"] == "localhost"
    assert settings["LISTENER_PASSWORD"] == "a${HOME}b"
    assert "EMPTY" not in settings
    assert environment(tmp_path / "without a file") == dict(os.environ)
