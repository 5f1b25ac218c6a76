"""What came of an action, said on the next page that is shown."""

from typing import cast

from flask import flash, get_flashed_messages, request, url_for

SUCCESS, ERROR = "success", "error"


def notify(text: str, tone: str = SUCCESS, *, undo: str = "", job: str = "") -> None:
    """Say this on the next page: with a button that undoes the job `undo`, a link to the details of `job`."""
    notice = {
        "tone": tone,
        "text": text,
        "undo_url": url_for("archive.undo", job_id=undo) if undo else "",
        "job_url": url_for("archive.job", job_id=job) if job else "",
    }
    flash(notice)  # type: ignore[arg-type]  # anything that a session can keep


def notices() -> list[dict[str, str]]:
    """What there is to be said on this page, each once.

    Nothing to a script that reads a page for its news: it shows no notices, and who acted would miss theirs.
    """
    if request.headers.get("X-Requested-With") == "background":
        return []
    return cast(list[dict[str, str]], get_flashed_messages())
