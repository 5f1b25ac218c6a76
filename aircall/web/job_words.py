"""What the page of a job says of its calls, in the viewer's language."""

from aircall.changes.job_runner import Job, Outcome
from aircall.web.archive_words import already_so
from aircall.web.error_messages import reason_text
from aircall.web.formatting import count
from aircall.web.i18n import ngettext

__all__ = ["already_so", "failed", "heading", "left_alone", "reason_text", "unconfirmed"]


def heading(job: Job) -> str:
    """What is under way; once it has ended, how many calls are as wanted now."""
    return _under_way(job) if job.is_running else _ended(job)


def failed(number: int, is_archived: bool) -> str:
    """Of how many calls the change failed."""
    if is_archived:
        return ngettext(
            "%(number)s call could not be archived",
            "%(number)s calls could not be archived",
            number,
            number=count(number),
        )
    return ngettext(
        "%(number)s call could not be moved to the inbox",
        "%(number)s calls could not be moved to the inbox",
        number,
        number=count(number),
    )


def unconfirmed(number: int, is_archived: bool) -> str:
    """Of how many calls it is not known."""
    if is_archived:
        return ngettext(
            "%(number)s call may have been archived",
            "%(number)s calls may have been archived",
            number,
            number=count(number),
        )
    return ngettext(
        "%(number)s call may have been moved to the inbox",
        "%(number)s calls may have been moved to the inbox",
        number,
        number=count(number),
    )


def left_alone(number: int) -> str:
    """How many calls an undo has left as they are."""
    return ngettext(
        "%(number)s call left alone: changed since",
        "%(number)s calls left alone: changed since",
        number,
        number=count(number),
    )


def _under_way(job: Job) -> str:
    number = len(job.call_ids)
    if job.is_archived:
        return ngettext(
            "Archiving %(number)s call…", "Archiving %(number)s calls…", number, number=count(number)
        )
    return ngettext(
        "Moving %(number)s call to the inbox…",
        "Moving %(number)s calls to the inbox…",
        number,
        number=count(number),
    )


def _ended(job: Job) -> str:
    number, done = len(job.call_ids), len(job.of(Outcome.DONE, Outcome.ALREADY_SO))
    shown = {"done": count(done), "number": count(number)}
    if job.is_archived:
        return ngettext(
            "%(done)s of %(number)s call archived", "%(done)s of %(number)s calls archived", number, **shown
        )
    return ngettext(
        "%(done)s of %(number)s call moved to the inbox",
        "%(done)s of %(number)s calls moved to the inbox",
        number,
        **shown,
    )
