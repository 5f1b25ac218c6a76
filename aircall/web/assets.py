"""Built scripts and styles, and the translated messages of the script.

Every address changes with its content, so browsers may keep each file forever: the names of built files hold
a hash, the address of the messages has one as a parameter. The script's own messages are English; pages in
another language name the file with their translations.
"""

import hashlib
from functools import cache

from flask import Blueprint, Flask, abort, current_app, url_for
from flask import json as flask_json
from flask.typing import ResponseReturnValue
from whitenoise import WhiteNoise

from aircall.web.i18n import (
    DEFAULT,
    LANGUAGES,
    gettext,
    marked,
    marked_plural,
    ngettext,
    pgettext,
    speaking,
    viewer_language,
)
from aircall.web.security import IMMUTABLE
from aircall.web.startup import MANIFEST, read_manifest

URL_PREFIX = "/static/dist/"


bp = Blueprint("script_messages", __name__)

# The messages of static/js, which has to use exactly these.
SENTENCES = (
    marked("Reconnecting"),
    marked("Live"),
    marked("Offline"),
    marked("Since %(time)s"),
    marked("There was no answer, so this may or may not have worked. Check before you try again."),
    marked("That did not work."),
    marked("Send now"),
    marked("Archive"),
    marked("Move to inbox"),
    marked("In the inbox"),
    marked("The calls could not be loaded. Check your connection and try again."),
    marked("New calls available."),
    marked("Deleted"),
    marked("Type the number in the next field."),
    marked("%(number)s copied."),
    marked("This browser does not allow copying. The number is %(number)s."),
    marked("There is no number to call or copy."),
)
PLURALS = (
    marked_plural("%(number)s call updated.", "%(number)s calls updated."),
    marked_plural("%(number)s selected", "%(number)s selected"),
    marked_plural("%(number)s call", "%(number)s calls"),
    marked_plural("No network: %(number)s action is waiting.", "No network: %(number)s actions are waiting."),
    marked_plural(
        "No answer yet: sending %(number)s action again.",
        "No answer yet: sending %(number)s actions again.",
    ),
    marked_plural("%(first)s–%(last)s of %(number)s call", "%(first)s–%(last)s of %(number)s calls"),
    marked_plural("%(number)s missed in the inbox", "%(number)s missed in the inbox"),
    marked_plural("%(number)s new call – show", "%(number)s new calls – show"),
    marked_plural("%(number)s other", "%(number)s others"),
    marked_plural("%(names)s is viewing", "%(names)s are viewing"),
)
# Messages that the templates say too, by the context in which they do.
IN_CONTEXT = {"Archived": "one call"}
# Reasons in a `link` event that are shown to users. The other ones are meant for operators.
REASONS = (
    marked("connecting"),
    marked("nobody is logged in"),
    marked("catching up"),
)


def register(app: Flask) -> None:
    """Provide templates with `asset(name)` and `script_messages_url()`, and serve the messages.

    Raises AssetsMissingError if the front end has not been built.
    """
    names = read_manifest()
    app.add_template_global(lambda name: URL_PREFIX + names[name], "asset")
    app.add_template_global(script_messages_url)
    app.register_blueprint(bp)


def serve(app: Flask) -> None:
    """Serve the built files by WhiteNoise, precompressed and cacheable forever."""
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]  # Flask's documented place for middleware
        app.wsgi_app,
        root=MANIFEST.parent,
        prefix=URL_PREFIX,
        allow_all_origins=False,
        immutable_file_test=lambda _path, _url: True,
    )


def script_messages_url() -> str:
    """Return the address of the messages in the viewer's language; empty for English."""
    language = viewer_language()
    if language == DEFAULT:
        return ""
    digest = hashlib.sha256(_messages_file(language).encode()).hexdigest()
    return url_for("script_messages.show", language=language, v=digest[:10])


@bp.get("/words/<language>.json")
def show(language: str) -> ResponseReturnValue:
    """Return the messages in this language."""
    if language not in LANGUAGES:
        abort(404)
    return current_app.response_class(
        _messages_file(language), mimetype="application/json", headers={"Cache-Control": IMMUTABLE}
    )


@cache
def _messages_file(language: str) -> str:
    with speaking(language):
        return flask_json.dumps(_messages())


def _messages() -> dict[str, str | list[str]]:
    """Return translations by English message, both plural forms by the English plural. Placeholders stay."""
    sentences = {sentence: gettext(sentence) for sentence in SENTENCES + REASONS}
    plurals = {many: [_form(one, many, number) for number in (1, 2)] for one, many in PLURALS}
    in_context = {sentence: pgettext(context, sentence) for sentence, context in IN_CONTEXT.items()}
    return sentences | plurals | in_context


def _form(one: str, many: str, number: int) -> str:
    places = {name: f"%({name})s" for name in ("number", "names", "first", "last")}
    return ngettext(one, many, number, **places)
