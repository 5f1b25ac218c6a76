"""Archiving calls and moving them back, one or many at a time."""

from flask import Blueprint, abort, flash, request
from flask.typing import ResponseReturnValue

from aircall.errors import AircallError, LoginEndedError
from aircall.web.call_page import known_id
from aircall.web.errors import sentence_for
from aircall.web.list_urls import call_url, current_query
from aircall.web.redirects import see_other
from aircall.web.services import services
from aircall.web.session import login_id, login_required

bp = Blueprint("archive", __name__)

MOST_CALLS = 100


@bp.post("/calls/<call_id>/archive")
@login_required
def one(call_id: str) -> ResponseReturnValue:
    """Archive a call or move it to the inbox, whichever is wanted, however often it is asked."""
    is_archived = _wanted_state()
    try:
        services().changes.set_archived(login_id(), known_id(call_id), is_archived)
    except LoginEndedError:
        raise
    except AircallError as error:
        flash(sentence_for(error), "error")
    else:
        flash("Call archived." if is_archived else "Call moved to the inbox.", "success")
    return see_other(request.form.get("next") or call_url(current_query(), call_id))


@bp.post("/calls/archive")
@login_required
def many() -> ResponseReturnValue:
    """Archive the ticked calls or move them to the inbox; says how many could not be."""
    is_archived = _wanted_state()
    call_ids = [known_id(call_id) for call_id in dict.fromkeys(request.form.getlist("ids"))]
    if not call_ids:
        flash("Tick the calls first.", "error")
    elif len(call_ids) > MOST_CALLS:
        flash(f"Tick at most {MOST_CALLS} calls at a time.", "error")
    else:
        _say_outcome(
            services().changes.set_many_archived(login_id(), call_ids, is_archived),
            len(call_ids),
            is_archived,
        )
    return see_other(request.form.get("next"))


def _say_outcome(failed: list[AircallError], asked_count: int, is_archived: bool) -> None:
    done = "archived" if is_archived else "moved to the inbox"
    done_count = asked_count - len(failed)
    if done_count:
        flash(f"{done_count} {'call' if done_count == 1 else 'calls'} {done}.", "success")
    if failed:
        flash(f"{len(failed)} of {asked_count} could not be {done}. {sentence_for(failed[0])}", "error")


def _wanted_state() -> bool:
    wanted = request.form.get("archived")
    if wanted not in ("true", "false"):
        abort(400, "Say whether the call is to be archived: true or false.")
    return wanted == "true"
