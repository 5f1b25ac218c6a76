"""Limits of failed logins, by address and by name, with room for those who have logged in here before.

A browser keeps a signed cookie that says who has logged in with it. Its attempts for that name are counted by
themselves: whoever guesses the passwords of a name, or shares an address with its owner, does not keep the
owner out. Right logins never count. docs/decisions/0048-strangers-cost-nothing.md has the whole of it.
"""

import hashlib
import ipaddress
import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from aircall.errors import InvalidRequestError, UnauthorizedError
from aircall.server.answers import ONE_YEAR
from aircall.storage import STORAGE_ERRORS
from aircall.storage.attempts import Limit, Place
from aircall.web.i18n import ngettext
from aircall.web.security import client_address
from aircall.web.services import services
from aircall.web.session_store import StoreSessionInterface

log = logging.getLogger(__name__)

ADDRESS = Limit("address", 10, 5 * 60.0)
NAME = Limit("name", 30, 15 * 60.0)
DEVICE = Limit("device", 10, 15 * 60.0)
# An IPv6 network of this length is one household's, or one office's.
NETWORK_LENGTH = 64
# Seconds that an attempt waits while others of its kind are under way, and between two looks.
LONGEST_WAIT, LOOK_INTERVAL = 4.0, 0.05
# Names that a browser's cookie keeps, the newest last.
NAMES_KEPT = 5
DEVICE_COOKIE = "known-device"


class TooManyAttemptsError(Exception):
    """Too many logins have failed; `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self.retry_after = max(1, round(retry_after + 0.5))

    def __str__(self) -> str:
        minutes = -(-self.retry_after // 60)
        return ngettext(
            "Too many failed logins. Try again in a minute.",
            "Too many failed logins. Try again in %(minutes)d minutes.",
            minutes,
            minutes=minutes,
        )


@contextmanager
def attempt(username: str) -> Iterator[None]:
    """Count the login inside the block if it fails. Raises TooManyAttemptsError without running it.

    Without its storage nothing is counted: people log in all the same.
    """
    name = _digest(username)
    device = _known_devices().get(name)
    places = _take([(DEVICE, device)]) if device else None
    if places is None:
        places = _take([(ADDRESS, network_of(client_address())), (NAME, name)], is_last=True) or []
    has_failed = False
    try:
        yield
    except (UnauthorizedError, InvalidRequestError):
        has_failed = True
        raise
    finally:
        _leave(places, has_failed=has_failed)


def remember_device(response: Response, username: str) -> None:
    """Let this browser prove later that this person has logged in with it."""
    devices, name = _known_devices(), _digest(username)
    devices[name] = devices.pop(name, "") or secrets.token_urlsafe(12)
    newest = dict([*devices.items()][-NAMES_KEPT:])
    response.set_cookie(
        _cookie_name(),
        str(_signer().dumps(newest)),
        max_age=ONE_YEAR,
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
    )


def network_of(address: str) -> str:
    """Return what is counted as one address: of IPv6, whose hosts have many, the network."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, NETWORK_LENGTH), strict=False))
    return str(parsed)


Places = list[tuple[Limit, str, str]]


def _take(wanted: list[tuple[Limit, str]], *, is_last: bool = False) -> Places | None:
    """Take a place for each key; return None, or raise TooManyAttemptsError if `is_last`, if one is full."""
    taken: Places = []
    for limit, key in wanted:
        number = secrets.token_urlsafe(9)
        try:
            place = _place(limit, key, number)
        except STORAGE_ERRORS as error:
            log.warning("failed logins are not counted", extra={"error": type(error).__name__})
            return taken
        if place.is_taken:
            taken.append((limit, key, number))
            continue
        _leave(taken, has_failed=False)
        if not is_last:
            return None
        log.warning("too many logins failed", extra={"by": limit.kind, "address": client_address()})
        raise TooManyAttemptsError(place.wait)
    return taken


def _place(limit: Limit, key: str, number: str) -> Place:
    ends_at = time.monotonic() + LONGEST_WAIT
    while True:
        place = services().attempts.take(limit, key, number)
        # Those under way may succeed, and leave their places.
        if place.is_taken or place.wait or time.monotonic() > ends_at:
            return place
        time.sleep(LOOK_INTERVAL)


def _leave(places: Places, *, has_failed: bool) -> None:
    for limit, key, number in places:
        try:
            services().attempts.leave(limit, key, number, has_failed=has_failed)
        except STORAGE_ERRORS as error:
            log.warning("a login was not counted", extra={"error": type(error).__name__})


def _known_devices() -> dict[str, str]:
    """Return the names that have logged in with this browser, hashed, each with the number of that pair."""
    try:
        return dict(_signer().loads(request.cookies.get(_cookie_name(), ""), max_age=ONE_YEAR))
    except BadSignature:
        return {}


def _digest(username: str) -> str:
    # An API may take a name in any case.
    return hashlib.sha256(username.strip().casefold().encode()).hexdigest()[:24]


def _cookie_name() -> str:
    sessions = cast(StoreSessionInterface, current_app.session_interface)
    return sessions.get_cookie_name(current_app).replace("callboard", DEVICE_COOKIE)


def _signer() -> URLSafeTimedSerializer:
    # The last one signs.
    keys = [*(current_app.config["SECRET_KEY_FALLBACKS"] or ()), current_app.config["SECRET_KEY"]]
    return URLSafeTimedSerializer(keys, salt="device")
