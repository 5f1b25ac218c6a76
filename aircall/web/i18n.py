"""Translations (gettext, by Babel) and the viewer's language.

The language is the one chosen (a cookie), else the best that the browser accepts; outside of a request it is
English; `speaking` sets another one. Placeholders have names, `%(day)s`, and no sentence is assembled from
translated parts, as word order differs between languages. `make translations` finds the functions below by
their names.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache, partial
from typing import NamedTuple, cast

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g, has_request_context, request
from markupsafe import Markup

from aircall.web.startup import CATALOGS, check_translations

# Each language by its own name.
LANGUAGES = {"en": "English", "fr": "Français"}
DEFAULT = "en"
# How days and times are written: locales by tag. A language has its own tag, and so has a region that writes
# them otherwise.
FORMATS = {"en": "en", "en-US": "en_US", "en-AU": "en_AU", "fr": "fr"}
# English with twelve hours, in America's order of day and month or in Britain's.
FORMAT_OF_REGION = {"US": "en-US", "PH": "en-US"} | dict.fromkeys(("AU", "CA", "IN", "NZ"), "en-AU")
COOKIE = "language"
# Browsers take a cookie of such a name by HTTPS from this host alone, and not from another one of its domain.
PROTECTED = "__Host-"
# Sentences without values that are kept as templates need them. There are some 200 in each language.
PLAIN_SENTENCES = 5000

_spoken: ContextVar[str] = ContextVar("spoken", default="")


class Viewer(NamedTuple):
    """Who sees the answer to the request of this thread or greenlet; `cookies` are those of preferences."""

    thread: int
    language: str
    format: str
    cookies: Mapping[str, str]


# Asked for each sentence; what a request starts in the background has it in its context, too.
_viewer: ContextVar[Viewer | None] = ContextVar("viewer", default=None)


def gettext(sentence: str, **values: object) -> str:
    """Return the sentence in the viewer's language."""
    translated: str = _catalog(viewer_language()).gettext(sentence)
    return translated % values if values else translated


def pgettext(context: str, sentence: str) -> str:
    """Return the sentence in the viewer's language, as it is said in this context."""
    return str(_catalog(viewer_language()).pgettext(context, sentence))


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """Return the singular or plural sentence for this number in the viewer's language."""
    translated: str = _catalog(viewer_language()).ngettext(one, many, number)
    return translated % (values | {"num": number})


class LazySentence:
    """A sentence that is translated whenever it is shown."""

    def __init__(self, translate: Callable[[], str]) -> None:
        self._translate = translate

    def __str__(self) -> str:
        return self._translate()

    def __html__(self) -> str:
        # As safe as the templates that it is shown by: the text is ours.
        return self._translate()

    def __mod__(self, values: object) -> str:
        return self._translate() % values

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def lazy_gettext(sentence: str) -> str:
    """Return a sentence that is translated when it is rendered. Convert it by `str` before storing it."""
    return cast(str, LazySentence(partial(gettext, sentence)))


def lazy_pgettext(context: str, sentence: str) -> str:
    """Like `lazy_gettext`, for words whose translation depends on the context."""
    return cast(str, LazySentence(lambda: str(_catalog(viewer_language()).pgettext(context, sentence))))


def marked(sentence: str) -> str:
    """Return the sentence as it is, but mark it for `make translations`."""
    return sentence


def marked_plural(one: str, many: str) -> tuple[str, str]:
    """Like `marked`, for singular and plural."""
    return one, many


def register(app: Flask) -> None:
    """Provide templates with `_`, `ngettext`, `pgettext`, `{% trans %}`, `language` and `languages`.

    Raises TranslationsMissingError if the translations have not been compiled.
    """
    check_translations()
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    # `{% trans %}` then passes its values by name to the functions below.
    app.jinja_env.newstyle_gettext = True  # type: ignore[attr-defined]  # an attribute of the extension
    app.jinja_env.globals.update(
        _=_template_gettext,
        gettext=_template_gettext,
        ngettext=_template_ngettext,
        pgettext=_template_pgettext,
        languages=LANGUAGES,
    )
    app.context_processor(lambda: {"language": viewer_language(), "written_format": viewer_format()})
    app.before_request(_note_viewer)
    app.teardown_request(_forget_viewer)


def _note_viewer() -> None:
    _viewer.set(_viewer_of_request())


def _forget_viewer(_error: BaseException | None) -> None:
    _viewer.set(None)


def _current_viewer() -> Viewer | None:
    viewer = _viewer.get()
    if viewer is not None and viewer.thread == threading.get_ident():
        return viewer
    return _viewer_of_request() if has_request_context() else None


def _viewer_of_request() -> Viewer:
    if "viewer" not in g:
        cookies = _preference_cookies()
        chosen = cookies.get(COOKIE, "")
        language = chosen if chosen in LANGUAGES else _accepted()
        g.viewer = Viewer(threading.get_ident(), language, _accepted_format(language), cookies)
    return cast(Viewer, g.viewer)


def _preference_cookies() -> dict[str, str]:
    sent = list(request.cookies.items())
    protected = {name.removeprefix(PROTECTED): value for name, value in sent if name.startswith(PROTECTED)}
    if current_app.config["SESSION_COOKIE_SECURE"]:
        return protected
    # The script sees by itself whether it is reached by HTTPS.
    return protected | {name: value for name, value in sent if value}


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Use this language, or one of FORMATS, inside of the block, whatever the viewer's is."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def viewer_language() -> str:
    """Return the viewer's language, one of LANGUAGES; the default outside of a request."""
    if spoken := _spoken.get():
        return spoken.partition("-")[0]
    viewer = _current_viewer()
    return viewer.language if viewer else DEFAULT


def viewer_format() -> str:
    """Return how the viewer writes days and times, one of FORMATS; outside of a request, the default."""
    if spoken := _spoken.get():
        return spoken
    viewer = _current_viewer()
    return viewer.format if viewer else DEFAULT


def _accepted_format(language: str) -> str:
    for accepted, quality in request.accept_languages:
        base, _, region = accepted.partition("-")
        if base.lower() == language and quality > 0:
            wanted = FORMAT_OF_REGION.get(region.upper(), language)
            return wanted if wanted.startswith(language) else language
    return language


def preference(name: str) -> str:
    """Return what this browser keeps in the cookie of a preference; empty without one."""
    viewer = _current_viewer()
    return viewer.cookies.get(name, "") if viewer else ""


def preference_cookie(name: str) -> str:
    """Return the name of the cookie in which a preference is kept."""
    return PROTECTED + name if current_app.config["SESSION_COOKIE_SECURE"] else name


def viewer_locale() -> Locale:
    """Return the locale for dates and numbers; that of the default language outside of a request."""
    return _locale(viewer_format())


def _template_gettext(sentence: str, /, **values: object) -> Markup:
    language = viewer_language()
    if not values:
        return _plain(language, sentence)
    return _markup(_catalog(language).gettext(sentence), values)


def _template_ngettext(one: str, many: str, number: int, /, **values: object) -> Markup:
    return _markup(_catalog(viewer_language()).ngettext(one, many, number), {"num": number} | values)


def _template_pgettext(context: str, sentence: str, /, **values: object) -> Markup:
    return _markup(str(_catalog(viewer_language()).pgettext(context, sentence)), values)


@lru_cache(PLAIN_SENTENCES)
def _plain(language: str, sentence: str) -> Markup:
    return _markup(_catalog(language).gettext(sentence), {})


def _markup(translated: str, values: Mapping[str, object]) -> Markup:
    """Fill in the values, which are escaped. A literal percent sign is doubled even without values."""
    return Markup(translated) % values  # noqa: S704  # the sentence is ours, and may have tags


@cache
def _catalog(language: str) -> NullTranslations:
    return Translations.load(CATALOGS, [language])


@cache
def _locale(written: str) -> Locale:
    return Locale.parse(FORMATS[written])


def _accepted() -> str:
    # Not `best_match`: for `en-GB, fr;q=0.5` it answers French.
    for accepted, quality in request.accept_languages:
        language = accepted.partition("-")[0].lower()
        if language in LANGUAGES and quality > 0:
            return language
    return DEFAULT
