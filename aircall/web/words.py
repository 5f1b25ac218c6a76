"""Sentences in the viewer's language: what Flask-Babel offers, with types. In English outside of a request.

Values go into a sentence by name, `%(day)s`; a sentence is never put together from parts of others, as no two
languages part it alike. `make translations` finds these functions by their names.
"""

import flask_babel


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
