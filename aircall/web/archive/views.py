"""Archive calls and move them back: one, the selected ones, or all that match; with undo, retry and stop."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aircall.changes.job_runner import Job, Outcome
from aircall.changes.jobs import TooManyJobsError
from aircall.models import is_call_id
from aircall.web import audit
from aircall.web.archive import messages
from aircall.web.archive.messages import MOST_NAMES
from aircall.web.formatting import count
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.list_query import (
    MOST_CHANGED,
    ListQuery,
    back_url,
    call_url,
    calls_url,
    current_query,
    filter_words,
    known_id,
)
from aircall.web.login import form_recovery
from aircall.web.login.session import login_id, login_required, username
from aircall.web.page import ERROR, Message, call_names, flash_notice, list_freshness, searched_query
from aircall.web.preferences import viewer_zone
from aircall.web.security import local_path, see_other
from aircall.web.services import services

bp = Blueprint("archive", __name__)

# Calls that a form names: those of a larger job are kept while it is asked for. Results that a page lists.
MAX_CALLS, MAX_RESULTS = 1000, 100
# Seconds. A job that takes longer is shown on a page of its own.
WAIT = 2.5
# Characters of an idempotency key.
LONGEST_KEY = 64
# What the script sends in X-Requested-With for an answer without a page, and how many states that has.
CHANGE, MOST_STATES = "change", 1000
NOTHING_TO_UNDO = _l("There is nothing left to undo.")
OUTDATED = _l("This page was out of date, so nothing was changed. Start again.")
TOO_MANY_JOBS = _l("Three of your changes are still in progress. Wait for one to finish, or stop one.")


@bp.post("/calls/<call_id>/archive")
@login_required
def one(call_id: str) -> ResponseReturnValue:
    """Bring one call to the desired state, however often that is requested."""
    return_url = local_path(request.form.get("next")) or call_url(current_query(), known_id(call_id))
    answer = change_calls([known_id(call_id)], wanted_state(request.form.get("archived")), return_url)
    following_url = _following_url(call_id) if "goes_on" in request.form else None
    return see_other(following_url) if following_url else answer


@bp.post("/calls/archive")
@login_required
def many() -> ResponseReturnValue:
    """Bring the calls named in `ids`, or those of the question `plan`, to the desired state."""
    is_archived = wanted_state(request.form.get("archived"))
    return_url = local_path(request.form.get("next")) or url_for("calls.index")
    if plan_id := request.form.get("plan"):
        form_recovery.drop()
        return _start_plan(plan_id, return_url)
    call_ids = _ids(request.form.getlist("ids"))
    if not call_ids:
        return _say(Message(_("Select calls first."), ERROR), return_url)
    if len(call_ids) > MAX_CALLS:
        abort(400, _("At most %(number)s calls at a time.", number=count(MAX_CALLS)))
    form_recovery.drop()
    return change_calls(call_ids, is_archived, return_url)


@bp.get("/calls/archive")
@login_required
def confirm() -> ResponseReturnValue:
    """Ask for confirmation to change all calls that match the list's query and are not as wanted.

    The form stands for exactly the calls that are counted here, whatever matches when it is sent.
    """
    is_archived, query = wanted_state(request.args.get("archived")), searched_query()
    if "kept" in request.args:
        return _confirm_kept(is_archived)
    call_ids, list_url = _matching_ids(query, is_archived), calls_url(query)
    plan_id = ""
    if MAX_CALLS < len(call_ids) <= MOST_CHANGED:
        plan_id = services().jobs.plan(username(), call_ids, is_archived, list_url)
    words = filter_words(query, services().people.of_numbers((query.line, query.number)))
    return _question(len(call_ids), is_archived, list_url, call_ids, plan_id, words=words)


@bp.get("/calls/archive/<job_id>")
@login_required
def job(job_id: str) -> ResponseReturnValue:
    """Show the progress of a job, and its results."""
    found = _job(job_id)
    if _is_for_script():
        return _answer(found)
    listed = (found.of(outcome) for outcome in (Outcome.FAILED, Outcome.UNCONFIRMED, Outcome.LEFT_ALONE))
    named = [result.call_id for results in listed for result in results[:MAX_RESULTS]]
    calls = {call.id: call for call in services().replica.store.find(named)}
    return render_template(
        "archive/job.html",
        job=found,
        calls=calls,
        people=services().people.of_calls(calls.values()),
        undone_by=services().jobs.undo_of(found),
        is_stopping=services().jobs.is_stopping(found),
        outcomes=Outcome,
        words=messages,
        most=MAX_RESULTS,
    )


@bp.post("/calls/archive/<job_id>/undo")
@login_required
def undo(job_id: str) -> ResponseReturnValue:
    """Undo exactly what the job has changed; calls that have changed since are left alone."""
    found = _job(job_id)
    if found.is_running or not found.of(Outcome.DONE):
        return _answer(found) if _is_for_script() else see_other(url_for(".job", job_id=job_id))
    return_url = local_path(request.form.get("next")) or found.return_url
    begin = partial(services().jobs.undo, login_id(), found, return_url)
    return _do(begin, return_url)


@bp.get("/actions")
@login_required
def recent() -> ResponseReturnValue:
    """Show the last actions of this person, each with its result and a button to undo it.

    The script gets the newest one that can be undone.
    """
    jobs = services().jobs
    if _is_for_script():
        newest = jobs.newest_undoable(username())
        return _answer(newest) if newest else _say(Message(str(NOTHING_TO_UNDO)), "")
    listed = jobs.recent(username())
    single_ids = [job.call_ids[0] for job in listed if len(job.call_ids) == 1]
    calls = {call.id: call for call in services().replica.store.find(single_ids)}
    return render_template(
        "archive/recent.html",
        jobs=[(job, jobs.find(jobs.undo_of(job), job.owner)) for job in listed],
        calls=calls,
        people=services().people.of_calls(calls.values()),
        today=datetime.now(viewer_zone()).date(),
        outcomes=Outcome,
        words=messages,
    )


@bp.post("/calls/archive/<job_id>/retry")
@login_required
def retry(job_id: str) -> ResponseReturnValue:
    """Retry the calls that failed, were not reached, or have an unknown outcome."""
    found = _job(job_id)
    job_url = url_for(".job", job_id=job_id)
    if found.is_running or not found.open_ids:
        return see_other(job_url)
    return _do(partial(services().jobs.retry, login_id(), found), job_url)


@bp.post("/calls/archive/<job_id>/stop")
@login_required
def stop(job_id: str) -> ResponseReturnValue:
    """Stop a job; what is done stays done and can be undone."""
    services().jobs.stop(_job(job_id))
    services().jobs.wait(job_id, WAIT)
    return see_other(url_for(".job", job_id=job_id))


def _confirm_kept(is_archived: bool) -> ResponseReturnValue:
    """Ask for confirmation of the calls that were selected when the session ended, if this person has any."""
    kept = form_recovery.find(url_for(".many"), username())
    if kept is None:
        return see_other(url_for("calls.index"))
    list_url = local_path(kept.first("next")) or url_for("calls.index")
    if plan_id := kept.first("plan"):
        plan = services().jobs.find_plan(plan_id, username())
        if plan is None:
            return _say(Message(str(OUTDATED), ERROR), list_url)
        return _question(len(plan.call_ids), is_archived, list_url, [], plan_id, was_kept=True)
    call_ids = _ids(kept.fields.get("ids", []))
    return _question(len(call_ids), is_archived, list_url, call_ids, was_kept=True)


def _start_plan(plan_id: str, return_url: str) -> ResponseReturnValue:
    jobs = services().jobs
    if jobs.find_plan(plan_id, username()) is None and jobs.find(plan_id, username()) is None:
        return _say(Message(str(OUTDATED), ERROR), return_url)
    return _do(partial(jobs.start_plan, login_id(), plan_id, username()), return_url)


def change_calls(call_ids: list[str], is_archived: bool, return_url: str) -> ResponseReturnValue:
    """Bring these calls to the desired state, and show the result there or the job that does it."""
    key = request.form.get("key", "")[:LONGEST_KEY]
    begin = partial(
        services().jobs.start, login_id(), username(), call_ids, is_archived, return_url, idempotency_key=key
    )
    return _do(begin, return_url)


def _do(begin: Callable[[], str], return_url: str) -> ResponseReturnValue:
    try:
        job_id = begin()
    except TooManyJobsError:
        return _say(Message(str(TOO_MANY_JOBS), ERROR), return_url)
    return _show(job_id)


def _show(job_id: str) -> ResponseReturnValue:
    found = _job(job_id)
    # A single change has been waited for by the job service.
    if len(found.call_ids) > 1:
        wanted = "archived" if found.is_archived else "inbox"
        audit.note("calls changed", username(), count=len(found.call_ids), to=wanted)
        services().jobs.wait(job_id, WAIT)
        found = _job(job_id)
    # If the login has ended, the page of the job leads to the login page and back.
    if found.of(Outcome.SIGNED_OUT) or (found.is_running and not _is_for_script()):
        return see_other(url_for(".job", job_id=job_id))
    if _is_for_script():
        return _answer(found)
    return _say(messages.outcome(found, _names(found)), found.return_url)


def _say(message: Message, return_url: str) -> ResponseReturnValue:
    if _is_for_script():
        return render_template("archive/_answer.html", job=None, states={}, message=message)
    flash_notice(message)
    return see_other(return_url)


def _is_for_script() -> bool:
    return request.headers.get("X-Requested-With") == CHANGE


def _answer(job: Job) -> str:
    """Render what the script needs of a job: the states of its calls, and the message for people.

    The page has drawn the change already: a light answer is all that it waits for.
    """
    done = (result.call_id for result in job.of(Outcome.DONE, Outcome.ALREADY_SO))
    states = dict.fromkeys(islice(done, MOST_STATES), job.is_archived)
    if not job.is_running:
        others = [call_id for call_id in job.call_ids[:MOST_STATES] if call_id not in states]
        states |= {call.id: call.is_archived for call in services().replica.store.find(others)}
    message = messages.in_progress(job) if job.is_running else messages.outcome(job, _names(job))
    return render_template("archive/_answer.html", job=job, states=states, message=message)


def _names(job: Job) -> dict[str, str]:
    """Return the names of the calls that the message about a job names."""
    if len(job.call_ids) == 1:
        return call_names(job.call_ids)
    return call_names([result.call_id for result in job.of(Outcome.LEFT_ALONE)[:MOST_NAMES]])


def _job(job_id: str) -> Job:
    return services().jobs.find(job_id, username()) or abort(404)


def _ids(values: list[str]) -> list[str]:
    """Return the ids of fields that hold one id each, or several separated by commas. Aborts with 404."""
    ids = [call_id for value in values for call_id in value.split(",")]
    return list(dict.fromkeys(ids)) if all(map(is_call_id, ids)) else abort(404)


def wanted_state(wanted: str | None) -> bool:
    """Return the desired state that a form names, or abort with 400."""
    if wanted not in ("true", "false"):
        abort(400, _("Say whether the calls are to be archived: true or false."))
    return wanted == "true"


def _following_url(call_id: str) -> str | None:
    """Return the URL of the next call of the list, or at its end the list's; None to stay on the call's page.

    A script's form stays: the script shows the next call itself. So does one that failed. Undo leads back
    to the call.
    """
    store, query, zone = services().replica.store, searched_query(), viewer_zone()
    found = store.find([call_id])
    if "X-Requested-With" in request.headers or not found or not found[0].is_archived:
        return None
    older = store.neighbors(replace(query, cursor=None).to_filter(zone), found[0]).older
    return call_url(query, older) if older else back_url(store, query, found[0], zone)


def _matching_ids(query: ListQuery, is_archived: bool) -> list[str]:
    """Return the calls that match and are not as wanted, at most one more than may be changed at once."""
    view = "inbox" if is_archived else "archived"
    if query.view not in (view, "all"):
        return []
    wanted = replace(query.to_filter(viewer_zone()), view=view, cursor=None)
    return services().replica.store.matching_ids(wanted, MOST_CHANGED + 1)


def _question(
    number: int,
    is_archived: bool,
    list_url: str,
    call_ids: list[str],
    plan_id: str = "",
    *,
    words: str = "",
    was_kept: bool = False,
) -> str:
    """Render the page that asks for confirmation to change `number` calls: these, or those of the plan.

    `words` describe the query; `was_kept` if the calls had been selected before the session ended.
    """
    return render_template(
        "archive/confirm.html",
        number=number,
        call_ids=call_ids,
        plan_id=plan_id,
        is_archived=is_archived,
        list_url=list_url,
        words=words,
        was_kept=was_kept,
        most=MOST_CHANGED,
        problems=current_query().problems,
        is_complete=list_freshness().is_complete,
    )
