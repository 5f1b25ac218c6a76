"""The addresses of the built scripts and styles. Their names carry a hash of what is in them.

The sentences that the script says, for pages in another language than its own English.

They are a file of their own, which browsers keep: its address changes with what is in it.
"""

import hashlib
from functools import cache

from flask import Blueprint, Flask, abort, current_app, url_for
from flask import json as flask_json
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from whitenoise import WhiteNoise

from aircall.web.i18n import DEFAULT, LANGUAGES, gettext, marked, marked_plural, ngettext, viewer_language
from aircall.web.security import KEPT_FOR_GOOD
from aircall.web.startup import MANIFEST, read_manifest

URL_PREFIX = "/static/dist/"


def register(app: Flask) -> None:
    """Give templates `asset(name)`. Raises AssetsMissingError where the front end has not been built."""
    names = read_manifest()
    app.add_template_global(lambda name: URL_PREFIX + names[name], "asset")


def serve(app: Flask) -> None:
    """Let WhiteNoise answer for the built files, compressed beforehand and cached for good."""
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]  # Flask's documented place for middleware
        app.wsgi_app,
        root=MANIFEST.parent,
        prefix=URL_PREFIX,
        immutable_file_test=lambda _path, _url: True,
        add_headers_function=_add_headers,
    )


def _add_headers(headers: dict[str, str], _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"


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


def register_script_words(app: Flask) -> None:
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
        return flask_json.dumps(script_words())


def script_words() -> dict[str, str | list[str]]:
    """The sentences in the viewer's language, by the English ones; singular and plural by the English plural.

    Their values are not put in yet.
    """
    return {sentence: gettext(sentence) for sentence in SENTENCES + REASONS} | {
        many: [_form(one, many, number) for number in (1, 2)] for one, many in PLURALS
    }


def _form(one: str, many: str, number: int) -> str:
    return ngettext(one, many, number, number="%(number)s", names="%(names)s")
