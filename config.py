"""The settings, read once and strictly from an environment that is passed in. Knows nothing of Flask."""

import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from dotenv import dotenv_values

SECRET_KEY_LENGTH = 32
LOG_FORMATS = ("console", "json")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
# A password in a URL would end up in logs, and a query in front of the paths that are added.
URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
ORIGIN = re.compile(r"https?://[^\s/?#@]+")
# Keys, clusters, host names and addresses.
PLAIN = re.compile(r"[\w.:%-]+", re.ASCII)
PORT = re.compile("[0-9]{1,5}")
# What a header can carry as it is.
METRICS_TOKEN = re.compile("[!-~]{16,}")
# Nothing but what comes after the @ may be taken for a host, which errors name. SSL is all that may be added.
POSTGRESQL = re.compile(
    r"postgresql(\+psycopg)?://[^\s/?#@:]+(:[^\s/?#@]*)?@(\[[0-9a-fA-F:]+\]|[\w.-]+)(:[0-9]{1,5})?"
    r"/[\w.%-]+(\?ssl(mode|rootcert)=[\w./-]+(&ssl(mode|rootcert)=[\w./-]+)*)?", re.ASCII
)  # fmt: skip


class ConfigError(Exception):
    """A setting is unusable. The message names it and says what it has to be."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Every setting, parsed. README.md has the table of their meanings."""

    api_url: str
    pusher_app_key: str
    pusher_app_cluster: str
    pusher_auth_endpoint: str
    pusher_host: str | None
    pusher_port: int | None
    pusher_scheme: str
    host: str
    port: int
    secret_key: str = field(repr=False)
    data_dir: Path
    # PostgreSQL's has a password in it.
    database_url: str = field(repr=False)
    timezone: ZoneInfo
    listener_username: str | None
    listener_password: str | None = field(repr=False)
    log_format: str
    log_level: str
    public_origin: str | None
    metrics_token: str | None = field(repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Config":
        """Read the settings; an empty value counts as unset. Raises ConfigError naming the unusable one.

        Creates DATA_DIR, and in it a SECRET_KEY where none is set and the host is loopback.
        """
        env = {name: value.strip() for name, value in environ.items() if value.strip()}
        _refuse_unsupported(env)
        api_url = _url(env, "AIRCALL_API_URL", "https://frontend-test-api.aircall.dev")
        host = _plain(env, "HOST", "127.0.0.1")
        data_dir = _data_dir(env)
        return cls(
            api_url=api_url,
            pusher_app_key=_plain(env, "PUSHER_APP_KEY", "d44e3d910d38a928e0be"),
            pusher_app_cluster=_plain(env, "PUSHER_APP_CLUSTER", "eu"),
            pusher_auth_endpoint=_url(env, "PUSHER_AUTH_ENDPOINT", f"{api_url}/pusher/auth"),
            pusher_host=_plain(env, "PUSHER_HOST", "") or None,
            pusher_port=_port(env, "PUSHER_PORT", 0) or None,
            pusher_scheme=_one_of(env, "PUSHER_SCHEME", "https", ("http", "https")),
            host=host,
            port=_port(env, "PORT", 8000),
            secret_key=_secret_key(env, host, data_dir),
            data_dir=data_dir,
            database_url=_database_url(env, data_dir),
            timezone=_timezone(env),
            listener_username=_both(env, "LISTENER_USERNAME", "LISTENER_PASSWORD"),
            # Exactly as it was given, blanks at its ends included.
            listener_password=_both(env, "LISTENER_PASSWORD", "LISTENER_USERNAME")
            and environ["LISTENER_PASSWORD"],
            log_format=_one_of(env, "LOG_FORMAT", "console", LOG_FORMATS),
            log_level=_one_of(env, "LOG_LEVEL", "INFO", LOG_LEVELS),
            public_origin=_url(env, "PUBLIC_ORIGIN", "", ORIGIN).lower() or None,
            metrics_token=_metrics_token(env),
        )


def environment(directory: Path) -> dict[str, str]:
    """The process's environment over what stands in the directory's `.env`."""
    stated = dotenv_values(directory / ".env", interpolate=False)
    return {name: value for name, value in stated.items() if value is not None} | dict(os.environ)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_unsupported(env: Mapping[str, str]) -> None:
    if env.get("WORKERS", "1") != "1" or "REDIS_URL" in env:
        raise ConfigError("WORKERS and REDIS_URL: this version serves from one process; leave both unset.")


def _url(env: Mapping[str, str], name: str, default: str, form: re.Pattern[str] = URL) -> str:
    if name not in env:
        return default
    value = env[name].rstrip("/")
    if not form.fullmatch(value) or not _is_address(value):
        raise ConfigError(f"{name} has to be a URL such as https://example.com, without a password in it.")
    return value


def _is_address(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname) and urlsplit(url).port != 0
    except ValueError:
        return False


def _plain(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name, default)
    if name in env and not PLAIN.fullmatch(value):
        raise ConfigError(f"{name} has to be a plain name or address, not {value!r}.")
    return value


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name, str(default))
    if not PORT.fullmatch(value) or int(value) > 65535:
        raise ConfigError(f"{name} has to be a port number from 0 to 65535.")
    return int(value)


def _one_of(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.get(name, default)
    if value not in allowed:
        raise ConfigError(f"{name} has to be one of {', '.join(allowed)}, not {value!r}.")
    return value


def _both(env: Mapping[str, str], name: str, other: str) -> str | None:
    if (name in env) != (other in env):
        raise ConfigError("LISTENER_USERNAME and LISTENER_PASSWORD have to be set together.")
    return env.get(name)


def _timezone(env: Mapping[str, str]) -> ZoneInfo:
    name = env.get("TIMEZONE", "UTC")
    if name not in available_timezones():
        raise ConfigError(f"TIMEZONE has to be a zone name such as Europe/Paris, not {name!r}.")
    return ZoneInfo(name)


def _data_dir(env: Mapping[str, str]) -> Path:
    path = Path(env.get("DATA_DIR", "instance")).absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise ConfigError(f"DATA_DIR cannot be used: {error}") from error
    return path


def _secret_key(env: Mapping[str, str], host: str, data_dir: Path) -> str:
    if "SECRET_KEY" in env:
        if len(env["SECRET_KEY"]) < SECRET_KEY_LENGTH:
            raise ConfigError(f"SECRET_KEY has to be {SECRET_KEY_LENGTH} characters or more.")
        return env["SECRET_KEY"]
    if not is_loopback(host):
        raise ConfigError("SECRET_KEY has to be set when HOST is not loopback.")
    path = data_dir / "secret_key"
    try:
        secret = _kept_secret(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"SECRET_KEY cannot be kept in {path}: {error}") from error
    if len(secret) < SECRET_KEY_LENGTH:
        raise ConfigError(f"{path} holds no usable SECRET_KEY; delete it and a new one is made.")
    return secret


def _kept_secret(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode=0o600)
    except FileExistsError:
        return path.read_text().strip()
    secret = secrets.token_urlsafe(SECRET_KEY_LENGTH)
    with open(descriptor, "w") as file:
        file.write(secret)
    return secret


def _metrics_token(env: Mapping[str, str]) -> str | None:
    if "METRICS_TOKEN" in env and not METRICS_TOKEN.fullmatch(env["METRICS_TOKEN"]):
        raise ConfigError("METRICS_TOKEN has to be 16 characters or more, all of them ASCII, without blanks.")
    return env.get("METRICS_TOKEN")


def _database_url(env: Mapping[str, str], data_dir: Path) -> str:
    url = env.get("DATABASE_URL", f"sqlite:///{data_dir / 'calls.db'}")
    path = Path(url.removeprefix("sqlite:///"))
    is_file = url.startswith("sqlite:///") and path.name not in ("", ":memory:") and path.parent.is_dir()
    if not is_file and not (POSTGRESQL.fullmatch(url) and _is_address(url)):
        # The URL is not repeated, as it may have a password in it.
        raise ConfigError(
            "DATABASE_URL has to be sqlite:///… with a file in a directory that exists, "
            "or postgresql://user:password@host:port/name (special characters written as %40)."
        )
    return url
