"""Settings, parsed strictly from environment variables.

Error messages never repeat a value that may contain a password.
"""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from dotenv import dotenv_values

from aircall.addresses import (
    POSTGRESQL,
    PROXY,
    REDIS,
    URL,
    browser_origin,
    is_address,
    is_loopback,
    is_plain_to_others,
)

SECRET_KEY_LENGTH = 32
# Different characters in a key. One of 32 random hexadecimal digits has fewer once in ten million.
KEY_VARIETY = 8
LOG_FORMATS = ("console", "json")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
# Characters that a header can carry unencoded.
METRICS_TOKEN = re.compile("[!-~]{16,}")
MOST_WORKERS = 64
# Each may be in a file instead, which the setting with _FILE at the end of its name names.
SECRETS = (
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "LISTENER_PASSWORD",
    "METRICS_TOKEN",
    "DATABASE_URL",
    "REDIS_URL",
    "PROXY_URL",
)

# Keys, clusters, host names and addresses.
PLAIN = re.compile(r"[\w.:%-]+", re.ASCII)
NUMBER = re.compile("[0-9]{1,5}")


class ConfigError(Exception):
    """A setting is unusable; the message names it and what it has to be."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Every setting. README.md has a table of their meanings."""

    api_url: str
    pusher_app_key: str
    pusher_app_cluster: str
    pusher_auth_endpoint: str
    pusher_host: str | None
    pusher_port: int | None
    pusher_scheme: str
    # May contain a password.
    proxy_url: str | None = field(repr=False)
    host: str
    port: int
    secret_key: str = field(repr=False)
    # Older keys, that still decrypt and verify.
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)
    data_dir: Path
    # May contain a password.
    database_url: str = field(repr=False)
    timezone: ZoneInfo
    listener_username: str | None
    listener_password: str | None = field(repr=False)
    log_format: str
    log_level: str
    public_origin: str | None
    workers: int
    # May contain a password.
    redis_url: str | None = field(repr=False)
    metrics_token: str | None = field(repr=False)
    # Whether to start in spite of `dangers`.
    allow_insecure: bool
    claim_minutes: int
    activity_days: int
    pages_per_login: int
    trusted_proxies: int

    @property
    def team_database_url(self) -> str:
        """The URL of the database of team data: the same PostgreSQL, or a file of its own in DATA_DIR."""
        if self.database_url.startswith("sqlite"):
            return f"sqlite:///{self.data_dir / 'team.db'}"
        return self.database_url

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the dashboard by HTTPS."""
        return (self.public_origin or "").startswith("https://")

    @property
    def dangers(self) -> list[str]:
        """What is unsafe about these settings, in sentences that say what to do."""
        origin = self.public_origin or ""
        found = [
            f"{name} has to begin with https://: passwords, tokens and calls pass there."
            for name, url in (
                ("AIRCALL_API_URL", self.api_url),
                ("PUSHER_AUTH_ENDPOINT", self.pusher_auth_endpoint),
                ("PUBLIC_ORIGIN", origin),
            )
            if is_plain_to_others(url)
        ]
        if not is_loopback(self.host) and not self.is_https:
            found.append(
                f"HOST is {self.host!r}, which others reach: PUBLIC_ORIGIN has to be set, to an https:// "
                "address. For this machine alone set HOST=127.0.0.1."
            )
        fallbacks = (("SECRET_KEY_FALLBACKS", key) for key in self.secret_key_fallbacks)
        found += [
            f"{name} has to be random, as `openssl rand -hex 32` makes it."
            for name, key in (("SECRET_KEY", self.secret_key), *fallbacks)
            if key and len(set(key)) < KEY_VARIETY
        ]
        return found

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Config":
        """Parse the settings; an empty value counts as unset. Raises ConfigError.

        At last creates DATA_DIR, and a secret key in it if none is set and the host is loopback.
        """
        environ = _with_files(environ)
        env = {name: value.strip() for name, value in environ.items() if value.strip()}
        api_url = _url(env, "AIRCALL_API_URL", "https://frontend-test-api.aircall.dev")
        host = _plain(env, "HOST", "127.0.0.1")
        data_dir = _data_dir(env)
        _check_secret_key(env, host)
        config = cls(
            api_url=api_url,
            pusher_app_key=_plain(env, "PUSHER_APP_KEY", "d44e3d910d38a928e0be"),
            pusher_app_cluster=_plain(env, "PUSHER_APP_CLUSTER", "eu"),
            pusher_auth_endpoint=_url(env, "PUSHER_AUTH_ENDPOINT", f"{api_url}/pusher/auth"),
            pusher_host=_plain(env, "PUSHER_HOST", "") or None,
            pusher_port=_port(env, "PUSHER_PORT", 0) or None,
            pusher_scheme=_one_of(env, "PUSHER_SCHEME", "https", ("http", "https")),
            proxy_url=_proxy_url(env),
            host=host,
            port=_port(env, "PORT", 8000),
            secret_key=env.get("SECRET_KEY", ""),
            secret_key_fallbacks=_secret_key_fallbacks(env),
            data_dir=data_dir,
            database_url=_database_url(env, data_dir),
            timezone=_timezone(env),
            listener_username=_both(env, "LISTENER_USERNAME", "LISTENER_PASSWORD"),
            # Unstripped: a password may start or end with blanks.
            listener_password=_both(env, "LISTENER_PASSWORD", "LISTENER_USERNAME")
            and environ["LISTENER_PASSWORD"],
            log_format=_one_of(env, "LOG_FORMAT", "console", LOG_FORMATS),
            log_level=_one_of(env, "LOG_LEVEL", "INFO", LOG_LEVELS),
            public_origin=_origin(env),
            workers=_workers(env),
            redis_url=_redis_url(env),
            metrics_token=_metrics_token(env),
            allow_insecure=_one_of(env, "ALLOW_INSECURE", "no", ("no", "yes")) == "yes",
            claim_minutes=_number(env, "CLAIM_MINUTES", 30, range(1, 24 * 60 + 1)),
            activity_days=_number(env, "ACTIVITY_DAYS", 365, range(1, 3651)),
            trusted_proxies=_number(env, "TRUSTED_PROXIES", 0, range(11)),
            pages_per_login=_number(env, "PAGES_PER_LOGIN", 300, range(1, 10_001)),
        )
        if config.dangers and not config.allow_insecure:
            raise ConfigError(f"{config.dangers[0]} ALLOW_INSECURE=yes insists.")
        # Not before all else is known to be right: a start that fails leaves no folder behind.
        _make_data_dir(data_dir)
        return config if config.secret_key else replace(config, secret_key=_own_secret_key(data_dir))


def environment(directory: Path) -> dict[str, str]:
    """Return the variables of the `.env` file in this directory, overridden by the process's environment."""
    from_file = dotenv_values(directory / ".env", interpolate=False)
    return {name: value for name, value in from_file.items() if value is not None} | dict(os.environ)


def _with_files(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings, with those of SECRETS read from the files that NAME_FILE names."""
    env = dict(environ)
    for name in SECRETS:
        path = env.get(f"{name}_FILE", "").strip()
        if not path:
            continue
        if env.get(name, "").strip():
            raise ConfigError(f"{name} and {name}_FILE are both set: one has to be enough.")
        env[name] = _content(f"{name}_FILE", Path(path))
    return env


def _content(name: str, path: Path) -> str:
    try:
        # Editors end the last line.
        text = path.read_text().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} has to be a file of text.") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name} cannot be read: {error}.") from error
    if not text.strip():
        raise ConfigError(f"{name} has to be a file with the value in it; {str(path)!r} is empty.")
    return text


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
    # prometheus_client looks for its files by a pattern.
    if "[" in str(path):
        raise ConfigError(f"DATA_DIR has to be a path without a [, not {str(path)!r}.")
    return path


def _make_data_dir(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise ConfigError(f"DATA_DIR cannot be used: {error}") from error


def _check_secret_key(env: Mapping[str, str], host: str) -> None:
    if "SECRET_KEY" in env:
        if len(env["SECRET_KEY"]) < SECRET_KEY_LENGTH:
            raise ConfigError(f"SECRET_KEY has to be {SECRET_KEY_LENGTH} characters or more.")
    elif not is_loopback(host):
        # Some shells and build tools set HOST to the name of the machine.
        raise ConfigError(
            f"SECRET_KEY has to be set when HOST is not loopback, and HOST is {host!r}. "
            "For this machine alone set HOST=127.0.0.1."
        )


def _secret_key_fallbacks(env: Mapping[str, str]) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in env.get("SECRET_KEY_FALLBACKS", "").split(",") if key.strip())
    if any(len(key) < SECRET_KEY_LENGTH for key in keys):
        raise ConfigError(
            f"SECRET_KEY_FALLBACKS has to be keys of {SECRET_KEY_LENGTH} characters or more, "
            "with commas between them."
        )
    return keys


def _own_secret_key(data_dir: Path) -> str:
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
    value = env.get("DATABASE_URL")
    if value is None:
        return f"sqlite:///{data_dir / 'calls.db'}"
    path = Path(value.removeprefix("sqlite:///"))
    is_file = value.startswith("sqlite:///") and path.name not in ("", ":memory:") and path.parent.is_dir()
    if not is_file and not (POSTGRESQL.fullmatch(value) and is_address(value)):
        raise ConfigError(
            "DATABASE_URL has to be sqlite:///… with a file in a directory that exists, "
            "or postgresql://user:password@host:port/name (special characters written as %40)."
        )
    return value


def _workers(env: Mapping[str, str]) -> int:
    count = _number(env, "WORKERS", 1, range(1, MOST_WORKERS + 1))
    if count > 1 and "REDIS_URL" not in env:
        raise ConfigError("WORKERS above 1 needs REDIS_URL.")
    return count


def _redis_url(env: Mapping[str, str]) -> str | None:
    value = env.get("REDIS_URL")
    if value is not None and not (
        REDIS.fullmatch(value) and (value.startswith("unix:") or is_address(value))
    ):
        raise ConfigError(
            "REDIS_URL has to be redis://user:password@host:port/0, rediss://… for TLS or unix:///path "
            "(special characters written as %40)."
        )
    return value


def _proxy_url(env: Mapping[str, str]) -> str | None:
    value = env.get("PROXY_URL", "").rstrip("/") or None
    if value is not None and not (PROXY.fullmatch(value) and is_address(value)):
        raise ConfigError(
            "PROXY_URL has to be http://host:port or http://user:password@host:port "
            "(special characters written as %40)."
        )
    return value


def _url(env: Mapping[str, str], name: str, default: str) -> str:
    """Return a URL, without a trailing slash."""
    if name not in env:
        return default
    value = env[name].rstrip("/")
    if not URL.fullmatch(value) or not is_address(value):
        raise ConfigError(f"{name} has to be a URL such as https://example.com, without a password in it.")
    return value


def _origin(env: Mapping[str, str]) -> str | None:
    if "PUBLIC_ORIGIN" not in env:
        return None
    origin = browser_origin(env["PUBLIC_ORIGIN"])
    if origin is None:
        raise ConfigError(
            "PUBLIC_ORIGIN has to be an origin such as https://calls.example.com, without a path and in "
            "ASCII (xn--…): the dashboard needs a host name, or a port, of its own."
        )
    return origin


def _plain(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name, default)
    if name in env and not PLAIN.fullmatch(value):
        raise ConfigError(f"{name} has to be a plain name or address, not {value!r}.")
    return value


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    return _number(env, name, default, range(65536))


def _number(env: Mapping[str, str], name: str, default: int, allowed: range) -> int:
    value = env.get(name, str(default))
    if not NUMBER.fullmatch(value) or int(value) not in allowed:
        raise ConfigError(f"{name} has to be a number from {allowed.start} to {allowed.stop - 1}.")
    return int(value)


def _one_of(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.get(name, default)
    if value not in allowed:
        raise ConfigError(f"{name} has to be one of {', '.join(allowed)}, not {value!r}.")
    return value
