"""The Flask application, whose URLs are kept: a page has dozens of them, which are the same on most pages."""

from collections.abc import Iterable
from typing import Any

from flask import Flask

from aircall.storage.database import LruCache

# Bytes, about: a few thousand URLs.
LIMIT = 1024 * 1024
# Of a value for which equal ones make the same URL, as 1 and True do not.
PLAIN = (str, int, type(None))


class KeptUrls(Flask):
    """Flask, with its `url_for` kept for plain values. The application is at the root of its address."""

    def __init__(self, *args: Any, **values: Any) -> None:
        self._urls = LruCache[str](LIMIT)
        super().__init__(*args, **values)

    def url_for(self, endpoint: str, **values: Any) -> str:
        """See Flask.url_for."""
        if endpoint[0] == "." or not _are_plain(values.values()):
            return super().url_for(endpoint, **values)
        key = (endpoint, *values.items())
        kept = self._urls.get(key)
        if kept is None:
            kept = super().url_for(endpoint, **values)
            self._urls.put(key, kept, 4 * len(kept) + 200)
        return kept


def _are_plain(values: Iterable[object]) -> bool:
    # A loop: a generator would be entered for each value.
    for value in values:  # noqa: SIM110  # see above
        if type(value) not in PLAIN:
            return False
    return True
