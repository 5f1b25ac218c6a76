"""Pieces of HTML that are the same for many pages, rendered once and kept: rows of the call list, and texts.

A fragment is found by everything that it depends on, so it is never outdated and nothing has to invalidate
it. Nothing personal is in a fragment: no user, no CSRF token, no filter of a list.
"""

import re
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping

from flask import Flask
from markupsafe import Markup, escape

from aircall.calls.phone_numbers import caller_number
from aircall.models import Call
from aircall.storage.database import LruCache
from aircall.web.i18n import speaking, viewer_format
from aircall.web.note_text import found_excerpt
from aircall.web.people import CallPeople, People, keys_of

# Bytes of HTML, and of what it is found by. 8,000 rows, and the other pieces of many lists.
ROWS_LIMIT, PIECES_LIMIT = 16 * 1024 * 1024, 4 * 1024 * 1024
# Stands in fragments for what is put in later. `clean_text` lets no such character into a text, so it stands
# nowhere else.
PLACE = "\x00"
# Stands in a row for the query of the list that it is shown in.
QUERY_PLACE = PLACE
PERSONAL = re.compile(f"{PLACE}([a-z_]+){PLACE}")
NOTHING: Mapping[str, str] = {}
NO_TEXTS = frozenset[str]()
NO_EXCERPT = Markup()


def register(app: Flask) -> None:
    """Provide templates with `fragment(template, …)`: the template, rendered with these values alone.

    The values, and the viewer's language, are what the fragment is found by, so they must not be changed
    later. Values in `personal` are texts, put in afterwards: the template may only print them.
    """
    cache = FragmentCache(PIECES_LIMIT)

    def fragment(template: str, /, personal: Mapping[str, str] = NOTHING, **values: Hashable) -> Markup:
        def render() -> str:
            places = {name: f"{PLACE}{name}{PLACE}" for name in personal}
            return app.jinja_env.get_template(template).render(values | places)

        html = cache.get((template, viewer_format(), *personal, *values.items()), render)
        if personal:
            html = PERSONAL.sub(lambda found: escape(personal.get(found[1], "")), html)
        return Markup(html)  # noqa: S704  # rendered by a template, and escaped

    app.add_template_global(fragment)
    app.add_template_global(keys_of)


class FragmentCache:
    """An LRU cache of HTML with a limit in bytes."""

    def __init__(self, limit: int) -> None:
        self._fragments = LruCache[str](limit)

    def get(self, key: Hashable, render: Callable[[], str]) -> str:
        """Return the fragment with this key, which must hold all that `render` depends on.

        Several threads may render the same fragment at once.
        """
        kept = self.find(key)
        if kept is not None:
            return kept
        html = render()
        self.keep(key, html)
        return html

    def find(self, key: Hashable) -> str | None:
        """Return the fragment with this key, if it is kept."""
        return self._fragments.get(key)

    def keep(self, key: Hashable, html: str, key_size: int = 0) -> None:
        """Keep a fragment; `key_size` is how many bytes its key takes, if that is not little."""
        # What a key holds is mostly what the HTML shows.
        self._fragments.put(key, html, 2 * sys.getsizeof(html) + key_size)


class CallRows:
    """The rows of calls, as the list, its updates and the sockets show them."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._cache = FragmentCache(ROWS_LIMIT)

    def row(
        self, call: Call, people: CallPeople, language: str, zone: str, searched: frozenset[str] = NO_TEXTS
    ) -> str:
        """Return the row in this language and time zone, with QUERY_PLACE where the list's query belongs.

        Its excerpt is of the note that has the searched texts, if one has. Needs no request.
        """
        found = found_excerpt(call.notes, searched) if searched else NO_EXCERPT
        key = (call, people, language, zone, found)
        html = self._cache.find(key)
        if html is None:
            html = self._render(call, people, language, zone, found)
            self._cache.keep(key, html, _size_of_texts(call))
        return html

    def rows(
        self,
        calls: Iterable[Call],
        people: People,
        language: str,
        zone: str,
        query: str,
        searched: frozenset[str] = NO_TEXTS,
    ) -> Markup:
        """Return the rows for a list with this query, which begins with `?` unless it is empty."""
        html = "".join([self.row(call, people.of_call(call), language, zone, searched) for call in calls])
        return Markup(html.replace(QUERY_PLACE, escape(query)))  # noqa: S704  # rendered and escaped

    def _render(self, call: Call, people: CallPeople, language: str, zone: str, found: Markup) -> str:
        url, number = self._app.url_map.bind("").build, caller_number(call.counterpart)
        with speaking(language):
            return self._app.jinja_env.get_template("calls/_row.html").render(
                call=call,
                people=people,
                zone=zone,
                found=found,
                show_url=url("calls.show", {"call_id": call.id}) + QUERY_PLACE,
                archive_url=url("archive.one", {"call_id": call.id}),
                claim_url=url("claims.change", {"number": number}) if number else "",
            )


def _size_of_texts(call: Call) -> int:
    texts = (call.caller, call.callee, call.via, *(note.content for note in call.notes))
    return sum(map(sys.getsizeof, texts))
