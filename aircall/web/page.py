"""What came of an action, said on the next page that is shown.

How complete and how old the mirrored list is, in the words of the page that shows it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import Flask, flash, get_flashed_messages, request, url_for

from aircall.status import SyncError
from aircall.web.error_messages import sentence_of, trouble
from aircall.web.services import services

SUCCESS, ERROR = "success", "error"


def register(app: Flask) -> None:
    """Give templates `notices`, which says what came of an action, once."""
    app.context_processor(lambda: {"notices": flash_messages})


def flash_message(text: str, tone: str = SUCCESS, *, undo: str = "", job: str = "") -> None:
    """Say this on the next page: with a button that undoes the job `undo`, a link to the details of `job`."""
    notice = {
        "tone": tone,
        "text": text,
        "undo_url": url_for("archive.undo", job_id=undo) if undo else "",
        "job_url": url_for("archive.job", job_id=job) if job else "",
    }
    flash(notice)  # type: ignore[arg-type]  # anything that a session can keep


def flash_messages() -> list[dict[str, str]]:
    """What there is to be said on this page, each once.

    Nothing to a script that reads a page for its news: it shows no notices, and who acted would miss theirs.
    """
    if request.headers.get("X-Requested-With") == "background":
        return []
    return cast(list[dict[str, str]], get_flashed_messages())


# A page waits so long, in seconds, for the list to be read again before it shows what is known.
FRESH_WAIT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFreshness:
    """The state of the mirrored list. `problem` is empty, or why it may be out of date."""

    is_complete: bool
    read_count: int
    expected_count: int | None
    as_of: datetime | None
    problem: str


def await_fresh_list() -> None:
    """Return when the mirrored list is as fresh as it is kept, or when nobody should wait any longer."""
    services().sync.ensure_fresh(FRESH_WAIT)


def list_freshness() -> ListFreshness:
    """The state now."""
    as_of = services().replica.store.synced_at
    state = services().sync.status
    return ListFreshness(
        is_complete=as_of is not None,
        read_count=state.progress.read_count if state else 0,
        expected_count=state.progress.expected_count if state else None,
        as_of=as_of,
        problem=_problem(state.error if state else None),
    )


def _problem(found: SyncError | None) -> str:
    if found is None:
        return ""
    return trouble() if found.is_internal else sentence_of(found.name, found.retry_after)
