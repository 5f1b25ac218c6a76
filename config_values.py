"""What a setting may be: each function gives the value that is named, and refuses any other in one line.

An environment has no empty values here. Every function raises ConfigError.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

# A password in a URL would end up in logs, and a query in front of the paths that are added.
URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
ORIGIN = re.compile(r"https?://[^\s/?#@]+")
# Keys, clusters, host names and addresses.
PLAIN = re.compile(r"[\w.:%-]+", re.ASCII)
NUMBER = re.compile("[0-9]{1,5}")


class ConfigError(Exception):
    """A setting is unusable. The message names it and says what it has to be."""


def url(env: Mapping[str, str], name: str, default: str, form: re.Pattern[str] = URL) -> str:
    """An HTTP address that has this form, without a slash at its end."""
    if name not in env:
        return default
    value = env[name].rstrip("/")
    if not form.fullmatch(value) or not is_address(value):
        raise ConfigError(f"{name} has to be a URL such as https://example.com, without a password in it.")
    return value


def is_address(text: str) -> bool:
    """Whether this URL names a host, and a port that there is if it names one."""
    try:
        return bool(urlsplit(text).hostname) and urlsplit(text).port != 0
    except ValueError:
        return False


def plain(env: Mapping[str, str], name: str, default: str) -> str:
    """A word of letters, digits and `.:%-`."""
    value = env.get(name, default)
    if name in env and not PLAIN.fullmatch(value):
        raise ConfigError(f"{name} has to be a plain name or address, not {value!r}.")
    return value


def port(env: Mapping[str, str], name: str, default: int) -> int:
    """A port's number, or 0."""
    return number(env, name, default, range(65536))


def number(env: Mapping[str, str], name: str, default: int, allowed: range) -> int:
    """One of the numbers that are allowed, of five digits at most."""
    value = env.get(name, str(default))
    if not NUMBER.fullmatch(value) or int(value) not in allowed:
        raise ConfigError(f"{name} has to be a number from {allowed.start} to {allowed.stop - 1}.")
    return int(value)


def one_of(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of the words that are allowed."""
    value = env.get(name, default)
    if value not in allowed:
        raise ConfigError(f"{name} has to be one of {', '.join(allowed)}, not {value!r}.")
    return value
