"""Texts about archiving, in the viewer's language: the flash message with a result, and the page of a job."""

from collections.abc import Mapping

from aircall.changes.job_runner import OPEN_OUTCOMES, Job, Outcome, Result
from aircall.web.error_messages import reason_text
from aircall.web.formatting import count
from aircall.web.i18n import gettext as _
from aircall.web.i18n import ngettext
from aircall.web.page import ERROR, SUCCESS, Message

# How many calls a flash message names; the page of the job names all.
MOST_NAMES = 3


def outcome(job: Job, names: Mapping[str, str]) -> Message:
    """Return the message with the result of a job, and a button to undo it. `names` are the calls' by id."""
    is_wrong = bool(job.of(*OPEN_OUTCOMES, Outcome.LEFT_ALONE) or job.unprocessed_ids)
    sentences = [
        _changed(job, names),
        _already_so(job),
        _failed(job),
        _left_alone(job, names),
        _not_reached(job),
    ]
    return Message(
        " ".join(filter(None, sentences)),
        ERROR if is_wrong else SUCCESS,
        undo=job.id if job.of(Outcome.DONE) and not job.undoes else "",
        job=job.id if is_wrong and len(job.call_ids) > 1 else "",
    )


def already_so(number: int, is_archived: bool) -> str:
    """Return how many calls were in the wanted state already."""
    if is_archived:
        return ngettext(
            "%(number)s call was already archived.",
            "%(number)s calls were already archived.",
            number,
            number=count(number),
        )
    return ngettext(
        "%(number)s call was already in the inbox.",
        "%(number)s calls were already in the inbox.",
        number,
        number=count(number),
    )


def _changed(job: Job, names: Mapping[str, str]) -> str:
    number = len(job.of(Outcome.DONE))
    if not number:
        return ""
    if len(job.call_ids) == 1:
        name = names.get(job.call_ids[0]) or _("a deleted call")
        if job.is_archived:
            return _("Call archived: %(name)s.", name=name)
        return _("Call moved to the inbox: %(name)s.", name=name)
    shown = count(number)
    if job.is_archived:
        return ngettext("%(number)s call archived.", "%(number)s calls archived.", number, number=shown)
    return ngettext(
        "%(number)s call moved to the inbox.", "%(number)s calls moved to the inbox.", number, number=shown
    )


def _already_so(job: Job) -> str:
    number = len(job.of(Outcome.ALREADY_SO))
    if not number:
        return ""
    if len(job.call_ids) > 1:
        return already_so(number, job.is_archived)
    if job.is_archived:
        return _("The call was already archived.")
    return _("The call was already in the inbox.")


def _failed(job: Job) -> str:
    failed = job.of(Outcome.FAILED, Outcome.UNCONFIRMED)
    if not failed:
        return ""
    reason = reason_text(failed[0].reason)
    return reason if len(job.call_ids) == 1 else f"{_share_failed(job, len(failed))} {reason}".rstrip()


def _share_failed(job: Job, failed: int) -> str:
    shares = {"failed": count(failed), "all": count(len(job.call_ids))}
    if job.is_archived:
        return ngettext(
            "%(failed)s of %(all)s could not be archived.",
            "%(failed)s of %(all)s could not be archived.",
            failed,
            **shares,
        )
    return ngettext(
        "%(failed)s of %(all)s could not be moved to the inbox.",
        "%(failed)s of %(all)s could not be moved to the inbox.",
        failed,
        **shares,
    )


def _left_alone(job: Job, names: Mapping[str, str]) -> str:
    left_alone = job.of(Outcome.LEFT_ALONE)
    if not left_alone:
        return ""
    return ngettext(
        "%(number)s call left as it is, because it has changed since: %(names)s.",
        "%(number)s calls left as they are, because they have changed since: %(names)s.",
        len(left_alone),
        number=count(len(left_alone)),
        names=_named(left_alone, names),
    )


def _not_reached(job: Job) -> str:
    number = len(job.of(Outcome.STOPPED, Outcome.SIGNED_OUT)) + len(job.unprocessed_ids)
    if not number:
        return ""
    return ngettext(
        "%(number)s call was not changed.", "%(number)s calls were not changed.", number, number=count(number)
    )


def _named(results: list[Result], names: Mapping[str, str]) -> str:
    shown = [names.get(result.call_id) or _("a deleted call") for result in results[:MOST_NAMES]]
    more = len(results) - len(shown)
    if not more:
        return "; ".join(shown)
    return ngettext(
        "%(names)s; and %(number)s more",
        "%(names)s; and %(number)s more",
        more,
        names="; ".join(shown),
        number=count(more),
    )


def in_progress(job: Job) -> Message:
    """Return the message that a job is under way, with a link to its page."""
    return Message(_in_flight(job), job=job.id)


def deed(job: Job) -> str:
    """Return what a job was to do, `Archived 25 calls`."""
    number = len(job.call_ids)
    if job.is_archived:
        return ngettext("Archived a call", "Archived %(number)s calls", number, number=count(number))
    return ngettext(
        "Moved a call to the inbox", "Moved %(number)s calls to the inbox", number, number=count(number)
    )


def undone(undo: Job) -> str:
    """Return what became of the undo of a job."""
    number, done = len(undo.call_ids), len(undo.of(Outcome.DONE, Outcome.ALREADY_SO))
    if undo.is_running:
        return _("being undone")
    if done == number:
        return _("undone")
    return _("%(done)s of %(number)s undone", done=count(done), number=count(number))


def heading(job: Job) -> str:
    """Return the heading of a job: what is in progress, or how many calls are in the wanted state now."""
    return _in_flight(job) if job.is_running else _ended(job)


def failed(number: int, is_archived: bool) -> str:
    """Return for how many calls the change failed."""
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
    """Return for how many calls the outcome is unknown."""
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
    """Return how many calls an undo did not change back."""
    return ngettext(
        "%(number)s call left as it is: changed since",
        "%(number)s calls left as they are: changed since",
        number,
        number=count(number),
    )


def _in_flight(job: Job) -> str:
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
