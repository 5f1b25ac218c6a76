"""Where a person may be sent after logging in or changing something: only to pages of this site."""

from urllib.parse import urlsplit

from flask import current_app, redirect, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response


def local_path(target: str | None) -> str | None:
    """The target if it is the path (and query) of one of our pages, else None."""
    if not target or not target.startswith("/") or not target.isascii() or not target.isprintable():
        return None
    if target.startswith("//") or "\\" in target:
        return None
    path = urlsplit(target).path
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return None
    return target


def see_other(target: str | None) -> Response:
    """A redirect after a form, to the target if it is ours, else to the call list."""
    return redirect(local_path(target) or url_for("calls.index"), code=303)
