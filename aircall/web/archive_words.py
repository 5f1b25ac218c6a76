"""What came of archiving, in a sentence or two."""

from collections.abc import Mapping

from aircall.archive_job import OPEN_OUTCOMES, Job, Outcome, Result
from aircall.errors import AircallError
from aircall.web.errors import sentence_for
from aircall.web.formatting import counted
from aircall.web.notices import ERROR, SUCCESS, notify

# So many calls are named in a notice; the page of the job names all.
MOST_NAMES = 3
OUR_FAULT = "Something went wrong on our side. Look before trying again."


def reason_for(error: Exception) -> str:
    """What people should know of why a call failed."""
    return sentence_for(error) if isinstance(error, AircallError) else OUR_FAULT


def say_outcome(job: Job, names: Mapping[str, str]) -> None:
    """Say what became of the job's calls on the next page, with a way to undo what was changed.

    `names` are what calls are called, by their ids.
    """
    is_wrong = bool(job.of(*OPEN_OUTCOMES, Outcome.LEFT_ALONE) or job.unknown_ids)
    notify(
        " ".join([*_changed(job), *_failed(job), *_left_alone(job, names), *_not_reached(job)]),
        ERROR if is_wrong else SUCCESS,
        undo=job.id if job.of(Outcome.DONE) and not job.undoes else "",
        job=job.id if is_wrong and len(job.call_ids) > 1 else "",
    )


def state_words(is_archived: bool) -> str:
    """What is done with calls: the words that stand after their number."""
    return "archived" if is_archived else "moved to the inbox"


def is_words(is_archived: bool) -> str:
    """What calls are that need nothing done: the words that stand after `was` or `were`."""
    return "archived" if is_archived else "in the inbox"


def _changed(job: Job) -> list[str]:
    words, so_words = state_words(job.is_archived), f"{is_words(job.is_archived)} already."
    done_count, so_count = len(job.of(Outcome.DONE)), len(job.of(Outcome.ALREADY_SO))
    if len(job.call_ids) == 1 and done_count + so_count:
        return [f"Call {words}." if done_count else f"The call was {so_words}"]
    sentences = [f"{counted(done_count, 'call')} {words}."] if done_count else []
    return [*sentences, f"{counted(so_count, 'call')} {_was(so_count)} {so_words}"] if so_count else sentences


def _failed(job: Job) -> list[str]:
    failed = job.of(Outcome.FAILED, Outcome.UNCONFIRMED)
    if not failed or len(job.call_ids) == 1:
        return [result.reason for result in failed]
    share = f"{len(failed)} of {len(job.call_ids)}"
    return [f"{share} could not be {state_words(job.is_archived)}. {failed[0].reason}".rstrip()]


def _left_alone(job: Job, names: Mapping[str, str]) -> list[str]:
    left_alone = job.of(Outcome.LEFT_ALONE)
    if not left_alone:
        return []
    number = len(left_alone)
    reason = f"as {'it was' if number == 1 else 'they were'} changed since"
    return [f"{counted(number, 'call')} left alone, {reason}: {_named(left_alone, names)}."]


def _not_reached(job: Job) -> list[str]:
    number = len(job.of(Outcome.STOPPED, Outcome.SIGNED_OUT)) + len(job.unknown_ids)
    return [f"{counted(number, 'call')} {_was(number)} not reached."] if number else []


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _named(results: list[Result], names: Mapping[str, str]) -> str:
    named = [names.get(result.call_id, "a call that is gone") for result in results[:MOST_NAMES]]
    more = len(results) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")
