"""The sentences that the script says, for pages in another language than its own English.

They are a file of their own, which browsers keep: its address changes with what is in it.
"""

import hashlib
from functools import cache

from flask import Blueprint, Flask, abort, current_app, json, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from aircall.web.headers import KEPT_FOR_GOOD
from aircall.web.language import DEFAULT, LANGUAGES, viewer_language
from aircall.web.words import gettext, marked, marked_plural, ngettext

SENTENCES = (
    marked("Reconnecting"),
    marked("Live"),
    marked("Offline"),
    marked("Since %(time)s"),
    marked("No network since %(time)s. What you see may be out of date; what you type is kept."),
    marked("Changes made elsewhere have not come through since %(time)s. Everything else works."),
    marked("Changes may come late since %(time)s: the page asks every 30 seconds. You can go on working."),
    marked("No answer came, so this may or may not have been done. Look before you try again."),
    marked("This could not be done."),
    marked("The calls could not be read. Check your connection and try again."),
    marked("New calls available."),
    marked("No longer there"),
)
PLURALS = (
    marked_plural("%(number)s call updated.", "%(number)s calls updated."),
    marked_plural("%(number)s selected", "%(number)s selected"),
    marked_plural("%(number)s other", "%(number)s others"),
    marked_plural("%(names)s is viewing", "%(names)s are viewing"),
)
# Why the link to the events is down, as far as that is said in words; the rest is for whoever looks after it.
REASONS = (
    marked("connecting"),
    marked("nobody is signed in"),
    marked("reading what was missed"),
)


bp = Blueprint("script_words", __name__)


def register(app: Flask) -> None:
    """Serve the sentences, and give templates `script_words_url`."""
    app.register_blueprint(bp)
    app.jinja_env.globals["script_words_url"] = script_words_url


def script_words_url() -> str:
    """Where the sentences in the viewer's language are; empty where that is the script's own."""
    language = viewer_language()
    if language == DEFAULT:
        return ""
    digest = hashlib.sha256(_file(language).encode()).hexdigest()
    return url_for("script_words.show", language=language, v=digest[:10])


@bp.get("/words/<language>.json")
def show(language: str) -> ResponseReturnValue:
    """The sentences in this language."""
    if language not in LANGUAGES:
        abort(404)
    return current_app.response_class(
        _file(language), mimetype="application/json", headers={"Cache-Control": KEPT_FOR_GOOD}
    )


@cache
def _file(language: str) -> str:
    with force_locale(language):
        return json.dumps(script_words())


def script_words() -> dict[str, str | list[str]]:
    """The sentences in the viewer's language, by the English ones; singular and plural by the English plural.

    Their values are not put in yet.
    """
    return {sentence: gettext(sentence) for sentence in SENTENCES + REASONS} | {
        many: [_form(one, many, number) for number in (1, 2)] for one, many in PLURALS
    }


def _form(one: str, many: str, number: int) -> str:
    return ngettext(one, many, number, number="%(number)s", names="%(names)s")
