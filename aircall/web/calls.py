"""The call list, a call's own page, and what can be done with calls."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from aircall.errors import AircallError, InvalidRequestError, LoginEndedError, NotFoundError
from aircall.fields import is_call_id
from aircall.models import Call
from aircall.web.call_list import read_list
from aircall.web.errors import sentence_for
from aircall.web.filters import DEFAULT_PAGE_SIZE, ListQuery, read_query
from aircall.web.forms import NoteForm
from aircall.web.redirects import see_other
from aircall.web.services import services
from aircall.web.session import login_id, login_required
from aircall.web.sync_state import sync_state
from aircall.web.zone import viewer_zone

bp = Blueprint("calls", __name__)

# A page waits so long, in seconds, for the list to be read again before it shows what is known.
FRESH_WAIT = 1.0
MOST_ROWS = 100
UNSURE = "The phone system did not say whether the note was saved. Look at the notes before sending it again."
PAGE_SIZE_KEY = "per_page"


@bp.get("/")
def root() -> ResponseReturnValue:
    """The way to the list."""
    return see_other(url_for(".index"))


@bp.get("/calls")
@login_required
def index() -> ResponseReturnValue:
    """The call list: the whole of it, filtered, newest first, a page at a time."""
    query = _query()
    if session.get(PAGE_SIZE_KEY) != query.per_page and "per_page" in request.args:
        session[PAGE_SIZE_KEY] = query.per_page
    services().background.ensure_fresh(FRESH_WAIT)
    # Taken before the data is read: what changes in between is sent to the page once more, never missed.
    position = services().mirror.feed.position
    view = read_list(services().mirror.log, query, viewer_zone(), datetime.now(UTC))
    return render_template(
        "calls/index.html",
        view=view,
        filters=query,
        problems=query.problems,
        position=position,
        sync=sync_state(),
        calls_url=partial(_calls_url, query),
        call_url=partial(_call_url, query, page=view.number),
    )


@bp.get("/calls/rows")
@login_required
def rows() -> ResponseReturnValue:
    """The list rows of the calls named in `ids`, by commas; those that do not exist are left out."""
    names = [name for text in request.args.getlist("ids") for name in text.split(",")]
    call_ids = [name for name in names if is_call_id(name)]
    if len(call_ids) > MOST_ROWS:
        abort(400, f"At most {MOST_ROWS} calls at a time.")
    found = services().mirror.log.find(call_ids)
    query = _query()
    return render_template("calls/_rows.html", calls=found, call_url=partial(_call_url, query))


@bp.get("/calls/<call_id>")
@login_required
def show(call_id: str) -> ResponseReturnValue:
    """One call, as the API has it now, or as we last knew it where the API does not answer."""
    return _call_page(_known_id(call_id), NoteForm(formdata=None))


@bp.post("/calls/<call_id>/archive")
@login_required
def archive(call_id: str) -> ResponseReturnValue:
    """Archive a call or move it to the inbox, whichever is wanted, however often it is asked."""
    is_archived = _wanted_state()
    try:
        services().changes.set_archived(login_id(), _known_id(call_id), is_archived)
    except LoginEndedError:
        raise
    except AircallError as error:
        flash(sentence_for(error), "error")
    else:
        flash("Call archived." if is_archived else "Call moved to the inbox.", "success")
    return see_other(request.form.get("next") or _call_url(_query(), call_id))


@bp.post("/calls/archive")
@login_required
def archive_many() -> ResponseReturnValue:
    """Archive the ticked calls or move them to the inbox; says how many could not be."""
    is_archived = _wanted_state()
    call_ids = [_known_id(call_id) for call_id in dict.fromkeys(request.form.getlist("ids"))]
    if not call_ids:
        flash("Tick the calls first.", "error")
    elif len(call_ids) > MOST_ROWS:
        flash(f"Tick at most {MOST_ROWS} calls at a time.", "error")
    else:
        _say_outcome(
            services().changes.set_many_archived(login_id(), call_ids, is_archived),
            len(call_ids),
            is_archived,
        )
    return see_other(request.form.get("next"))


@bp.post("/calls/<call_id>/notes")
@login_required
def add_note(call_id: str) -> ResponseReturnValue:
    """Add a note to a call. What was typed stays in the form until the note is known to be saved."""
    form = NoteForm()
    if not form.validate_on_submit():
        return _call_page(_known_id(call_id), form, status=400)
    try:
        services().changes.add_note(login_id(), _known_id(call_id), form.content.data or "")
    except (LoginEndedError, NotFoundError):
        raise
    except InvalidRequestError as error:
        form.content.errors = list(error.messages)
        return _call_page(call_id, form, status=400)
    except AircallError as error:
        return _call_page(call_id, form, UNSURE if error.is_executed_possible else sentence_for(error), 503)
    flash("Note added.", "success")
    return see_other(_call_url(_query(), call_id))


def _call_page(
    call_id: str, form: NoteForm, problem: str | None = None, status: int = 200
) -> ResponseReturnValue:
    query = _query()
    position = services().mirror.feed.position
    call, as_of, trouble = _read_call(call_id)
    neighbours = services().mirror.log.neighbours(query.to_filter(viewer_zone()), call)
    page = render_template(
        "calls/show.html",
        call=call,
        newer_url=neighbours.newer and _call_url(query, neighbours.newer),
        older_url=neighbours.older and _call_url(query, neighbours.older),
        list_url=_calls_url(query, page=query.page),
        query=_args(query, page=query.page),
        note_form=form,
        problem=problem or trouble,
        position=position,
        as_of=as_of,
    )
    return page, status


def _read_call(call_id: str) -> tuple[Call, datetime | None, str | None]:
    mirror = services().mirror
    try:
        return services().changes.read_call(login_id(), call_id), None, None
    except (LoginEndedError, NotFoundError):
        raise
    except AircallError as error:
        known = mirror.log.find([call_id])
        if not known:
            raise
        return known[0], mirror.log.synchronised_at, sentence_for(error)


def _say_outcome(failed: list[AircallError], asked_count: int, is_archived: bool) -> None:
    done = "archived" if is_archived else "moved to the inbox"
    done_count = asked_count - len(failed)
    if done_count:
        flash(f"{done_count} {'call' if done_count == 1 else 'calls'} {done}.", "success")
    if failed:
        flash(f"{len(failed)} of {asked_count} could not be {done}. {sentence_for(failed[0])}", "error")


def _known_id(call_id: str) -> str:
    return call_id if is_call_id(call_id) else abort(404)


def _wanted_state() -> bool:
    wanted = request.form.get("archived")
    if wanted not in ("true", "false"):
        abort(400, "Say whether the call is to be archived: true or false.")
    return wanted == "true"


def _query() -> ListQuery:
    kept = session.get(PAGE_SIZE_KEY, DEFAULT_PAGE_SIZE)
    return read_query(request.args, kept)


def _args(query: ListQuery, **more: Any) -> dict[str, Any]:
    args = query.to_args(**more)
    return args if args.get("page") != 1 else {name: args[name] for name in args if name != "page"}


def _calls_url(query: ListQuery, **more: Any) -> str:
    return url_for("calls.index", **_args(query, **more))


def _call_url(query: ListQuery, call: Call | str, page: int | None = None) -> str:
    call_id = call if isinstance(call, str) else call.id
    return url_for("calls.show", call_id=call_id, **_args(query, page=page or query.page))
