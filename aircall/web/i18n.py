"""Sentences in the viewer's language: what Flask-Babel offers, with types. In English outside of a request.

Values go into a sentence by name, `%(day)s`; a sentence is never put together from parts of others, as no two
languages part it alike. `make translations` finds these functions by their names.

The language of the pages: the one that was chosen, kept in a cookie, else what the browser asks for.
"""

from typing import cast

import flask_babel
from babel import Locale
from flask import Flask, has_request_context, request
from flask_babel import Babel, get_locale

from aircall.web.startup import CATALOGUES as CATALOGUES
from aircall.web.startup import check_translations


def gettext(sentence: str, **values: object) -> str:
    """The sentence in the viewer's language."""
    return str(flask_babel.gettext(sentence, **values))


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """The sentence for so many of what it tells of, in the viewer's language."""
    return str(flask_babel.ngettext(one, many, number, **values))


def lazy_gettext(sentence: str) -> str:
    """The sentence in the language of whoever reads it, whenever that is; its `str` is what can be kept."""
    lazy: str = flask_babel.lazy_gettext(sentence)
    return lazy


def lazy_pgettext(context: str, sentence: str) -> str:
    """Like `lazy_gettext`, for words that other languages tell apart by what they are said of."""
    lazy: str = flask_babel.lazy_pgettext(context, sentence)
    return lazy


def marked(sentence: str) -> str:
    """The sentence itself: `make translations` finds it here, and who needs it has it translated."""
    return sentence


def marked_plural(one: str, many: str) -> tuple[str, str]:
    """Like `marked`, for the two forms of a sentence that has a number."""
    return one, many


# What each language calls itself. The first one is that of the sources, and of who asks for none of these.
LANGUAGES = {"en": "English", "fr": "Français"}
DEFAULT = "en"
COOKIE = "language"


def register(app: Flask) -> None:
    """Give templates `_`, `ngettext`, `{% trans %}`, `language`, the viewer's own, and `languages`.

    Raises TranslationsMissingError where the translations have not been compiled.
    """
    check_translations()
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(CATALOGUES)
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.context_processor(lambda: {"language": viewer_language(), "languages": LANGUAGES})
    Babel(app, default_locale=DEFAULT, locale_selector=viewer_language)


def viewer_language() -> str:
    """The viewer's language, one of LANGUAGES; the default outside of a request."""
    if not has_request_context():
        return DEFAULT
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else _asked_for()


def viewer_locale() -> Locale:
    """How dates and numbers read to the viewer; as in the default language outside of a request."""
    return cast(Locale | None, get_locale()) or Locale(DEFAULT)


def _asked_for() -> str:
    # Not best_match: to it, who asks for `en-GB` first and `fr` next wants French.
    for asked, quality in request.accept_languages:
        language = asked.partition("-")[0].lower()
        if language in LANGUAGES and quality > 0:
            return language
    return DEFAULT
