"""Translations (gettext by Flask-Babel, with types) and the viewer's language.

The language is the one chosen (a cookie), else the best that the browser accepts; outside of a request it is
English. Placeholders have names, `%(day)s`, and no sentence is assembled from translated parts, as word order
differs between languages. `make translations` finds the functions below by their names.
"""

from typing import cast

import flask_babel
from babel import Locale
from flask import Flask, has_request_context, request
from flask_babel import Babel, get_locale

from aircall.web.startup import CATALOGS as CATALOGS
from aircall.web.startup import check_translations


def gettext(sentence: str, **values: object) -> str:
    """Return the sentence in the viewer's language."""
    return str(flask_babel.gettext(sentence, **values))


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """Return the singular or plural sentence for this number in the viewer's language."""
    return str(flask_babel.ngettext(one, many, number, **values))


def lazy_gettext(sentence: str) -> str:
    """Return a sentence that is translated when it is rendered. Convert it by `str` before storing it."""
    lazy: str = flask_babel.lazy_gettext(sentence)
    return lazy


def lazy_pgettext(context: str, sentence: str) -> str:
    """Like `lazy_gettext`, for words whose translation depends on the context."""
    lazy: str = flask_babel.lazy_pgettext(context, sentence)
    return lazy


def marked(sentence: str) -> str:
    """Return the sentence as it is, but mark it for `make translations`."""
    return sentence


def marked_plural(one: str, many: str) -> tuple[str, str]:
    """Like `marked`, for singular and plural."""
    return one, many


# Each language by its own name.
LANGUAGES = {"en": "English", "fr": "Français"}
DEFAULT = "en"
COOKIE = "language"


def register(app: Flask) -> None:
    """Provide templates with `_`, `ngettext`, `{% trans %}`, `language` and `languages`.

    Raises TranslationsMissingError if the translations have not been compiled.
    """
    check_translations()
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(CATALOGS)
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.context_processor(lambda: {"language": viewer_language(), "languages": LANGUAGES})
    Babel(app, default_locale=DEFAULT, locale_selector=viewer_language)


def viewer_language() -> str:
    """Return the viewer's language, one of LANGUAGES; the default outside of a request."""
    if not has_request_context():
        return DEFAULT
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else _accepted()


def viewer_locale() -> Locale:
    """Return the locale for dates and numbers; that of the default language outside of a request."""
    return cast(Locale | None, get_locale()) or Locale(DEFAULT)


def _accepted() -> str:
    # Not `best_match`: for `en-GB, fr;q=0.5` it answers French.
    for accepted, quality in request.accept_languages:
        language = accepted.partition("-")[0].lower()
        if language in LANGUAGES and quality > 0:
            return language
    return DEFAULT
