"""Addresses in settings: the forms that are taken, which are loopback, and origins as browsers write them."""

import ipaddress
import re
from urllib.parse import urlsplit

# Strict, so that no part of a password can be parsed as the host, which error messages name. The only options
# are those for SSL.
POSTGRESQL = re.compile(
    r"postgresql(\+psycopg)?://[^\s/?#@:]+(:[^\s/?#@]*)?@(\[[0-9a-fA-F:]+\]|[\w.-]+)(:[0-9]{1,5})?"
    r"/[\w.%-]+(\?ssl(mode|rootcert)=[\w./-]+(&ssl(mode|rootcert)=[\w./-]+)*)?", re.ASCII
)  # fmt: skip

# The only options are a custom certificate authority, and the database number of a socket.
REDIS = re.compile(
    r"rediss?://([^\s/?#@:]*(:[^\s/?#@]*)?@)?(\[[0-9a-fA-F:]+\]|[\w.-]+)(:[0-9]{1,5})?(/[0-9]{1,3})?"
    r"(\?ssl_ca_certs=[\w./-]+)?|unix://([^\s/?#@:]*(:[^\s/?#@]*)?@)?/[\w./-]+(\?db=[0-9]{1,3})?", re.ASCII
)  # fmt: skip
PROXY = re.compile(r"http://([^\s/?#@:]+(:[^\s/?#@]*)?@)?(\[[0-9a-fA-F:]+\]|[\w.-]+)(:[0-9]{1,5})?", re.ASCII)
# No password, which would end up in logs, and no query, as paths are appended.
URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
# Browsers write an international name in ASCII, and ask for no name with a star.
ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?)(:[0-9]{1,5})?/?", re.ASCII)
USUAL_PORTS = {"http": 80, "https": 443}


def is_address(text: str) -> bool:
    """Return whether a URL has a host, and no invalid port."""
    try:
        return bool(urlsplit(text).hostname) and urlsplit(text).port != 0
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Return whether a server that listens on `host` can be reached from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_plain_to_others(url: str) -> bool:
    """Return whether what is sent to this URL can be read on its way to another machine."""
    return url.startswith("http:") and not is_loopback(urlsplit(url).hostname or "")


def browser_origin(text: str) -> str | None:
    """Return an origin as browsers write it, without the usual port or a last dot; None if it is none."""
    if not ORIGIN.fullmatch(text.lower()) or not is_address(text):
        return None
    parts = urlsplit(text.lower())
    host = (parts.hostname or "").removesuffix(".")
    if ":" in host:
        try:
            host = f"[{ipaddress.IPv6Address(host).compressed}]"
        except ValueError:
            return None
    is_usual = parts.port in (None, USUAL_PORTS[parts.scheme])
    return f"{parts.scheme}://{host}" + ("" if is_usual else f":{parts.port}")
