"""The time zone a page is rendered in: what the browser told in a cookie, else the configured one."""

from functools import cache
from typing import cast
from zoneinfo import ZoneInfo, available_timezones

from flask import current_app, request

COOKIE = "tz"


def viewer_zone() -> ZoneInfo:
    """The viewer's zone."""
    name = request.cookies.get(COOKIE, "")
    return ZoneInfo(name) if name in _zone_names() else cast(ZoneInfo, current_app.config["TIMEZONE"])


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())
