"""The forms and what they accept. Their sentences are for the people who fill them in.

A call's own page, drawn for who looks at the call and for who has just tried to write a note on it.

Writing notes.

The call list and a call's own page: everything that only reads.
"""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import ValidationError

from aircall.calls.query import read_related_calls
from aircall.changes.errors import UnconfirmedError
from aircall.errors import AircallError, InvalidRequestError, LoginEndedError, NotFoundError
from aircall.models import Call, is_call_id
from aircall.web.calls.list_page import CallList, read_list, read_news
from aircall.web.charts import recent_chart
from aircall.web.error_messages import api_sentences, sentence_for
from aircall.web.formatting import count
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.list_query import (
    ListQuery,
    back_url,
    call_args,
    call_url,
    calls_url,
    confirm_url,
    current_query,
    keep_page_size,
    known_id,
)
from aircall.web.login import form_recovery
from aircall.web.login.session import login_id, login_required, username
from aircall.web.page import await_fresh_list, flash_message, list_freshness
from aircall.web.preferences import viewer_zone
from aircall.web.security import see_other
from aircall.web.services import services

bp = Blueprint("calls", __name__)


class NoteForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
    """A note on a call."""

    content = TextAreaField()
    # Under which the note is stored once, however often this form is sent.
    key = HiddenField(default=secrets.token_urlsafe)

    def validate_content(self, field: TextAreaField) -> None:
        """Refuse a note of blanks; the API does, and the text typed stays in the field."""
        if not (field.data or "").strip():
            raise ValidationError(_("Write something first: a note cannot be empty."))


def call_page(
    call_id: str, form: NoteForm, problem: str | None = None, status: int = 200
) -> ResponseReturnValue:
    """The page of a call as the API has it now, or as we last knew it where the API does not answer."""
    # Taken before the data is read: what changes in between is sent to the page once more, never missed.
    position = services().replica.feed.position
    call, as_of, trouble = _read_call(call_id)
    page = render_template(
        "calls/show.html",
        call=call,
        as_of=as_of,
        # Said once: beside the note that was not saved, or above a call that could not be read.
        problem=None if problem else trouble,
        note_problem=problem or " ".join(map(str, form.content.errors)),
        position=position,
        was_kept=_fill_with_kept_note(call_id, form),
        note_form=form,
        **_what_is_known_beside(call),
        **_call_addresses(call),
    )
    return page, status


def _fill_with_kept_note(call_id: str, form: NoteForm) -> bool:
    """Whether a note that this person could not send is in the form again, which has to be a new one."""
    kept_note = form_recovery.find(url_for("calls.add_note", call_id=call_id), username())
    if kept_note is None or form.content.data is not None:
        return False
    form.content.data, form.key.data = kept_note.first("content"), kept_note.first("key")
    return True


def _what_is_known_beside(call: Call) -> dict[str, Any]:
    log, today = services().replica.store, _today(viewer_zone())
    return {
        "context": read_related_calls(log, call, today),
        "is_log_whole": log.synced_at is not None,
        "missed_count": log.missed_count(),
        "today": today[0].date(),
    }


def _call_addresses(call: Call) -> dict[str, Any]:
    """Where the page's links lead: all stay inside the list from which the call was opened."""
    query, log, zone = current_query(), services().replica.store, viewer_zone()
    # Those that came since the list was opened are neighbours too.
    neighbours = log.neighbours(replace(query, cursor=None).to_filter(zone), call)
    return {
        "newer_url": neighbours.newer and call_url(query, neighbours.newer),
        "older_url": neighbours.older and call_url(query, neighbours.older),
        "list_url": back_url(log, query, call, zone),
        "query": call_args(query),
        "call_url": partial(call_url, query),
    }


def _today(zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When the day began in this zone, and when the next one begins."""
    day = datetime.now(zone).date()
    return datetime.combine(day, time.min, zone), datetime.combine(day + timedelta(days=1), time.min, zone)


def _read_call(call_id: str) -> tuple[Call, datetime | None, str | None]:
    replica = services().replica
    try:
        return services().changes.read_call(login_id(), call_id), None, None
    except (LoginEndedError, NotFoundError):
        raise
    except AircallError as error:
        known = replica.store.find([call_id])
        if not known:
            raise
        return known[0], replica.store.synced_at, sentence_for(error)


UNSURE = _l(
    "The phone system did not say whether the note was saved, and it does not show yet. What you wrote is "
    "still here. If you send it again, we first look whether it has come meanwhile."
)


@bp.post("/calls/<call_id>/notes")
@login_required
def add_note(call_id: str) -> ResponseReturnValue:
    """Add a note to a call, once. What was typed stays in the form until the note is known to be saved."""
    form = NoteForm()
    if not form.validate_on_submit():
        return call_page(known_id(call_id), form, status=400)
    try:
        content = form.content.data or ""
        services().changes.add_note(login_id(), known_id(call_id), content, form.key.data or "")
    except (LoginEndedError, NotFoundError):
        raise
    except InvalidRequestError as error:
        form.content.errors = [api_sentences(error.messages)]
        return call_page(call_id, form, status=400)
    except UnconfirmedError:
        return call_page(call_id, form, UNSURE, 503)
    except AircallError as error:
        return call_page(call_id, form, sentence_for(error), 503)
    form_recovery.drop()
    flash_message(_("Note added."))
    return see_other(call_url(current_query(), call_id))


MOST_ROWS = 100


@bp.get("/")
def root() -> ResponseReturnValue:
    """The way to the list."""
    return see_other(url_for(".index"))


@bp.get("/calls")
@login_required
def index() -> ResponseReturnValue:
    """The call list: the whole of it, filtered, newest first, a page at a time."""
    query = current_query()
    keep_page_size(query)
    await_fresh_list()
    # Taken before the data is read: what changes in between is sent to the page once more, never missed.
    position = services().replica.feed.position
    zone, now = viewer_zone(), datetime.now(UTC)
    view = read_list(services().replica.store, query, zone, now)
    return render_template(
        "calls/index.html",
        view=view,
        filters=query,
        problems=query.problems,
        position=position,
        sync=list_freshness(),
        chart=recent_chart(services().statistics, query, zone, now),
        **_list_addresses(query, view),
    )


@bp.get("/calls/counts")
@login_required
def counts() -> ResponseReturnValue:
    """What counts on a page of the list that is shown: its head, its tabs, and the link to new calls.

    Takes the list's own query, and the `ids` of calls that changed and have no row on that page.
    """
    query = current_query()
    view = read_news(services().replica.store, query, viewer_zone(), _named_calls())
    return render_template(
        "calls/_counts.html", view=view, filters=query, calls_url=partial(calls_url, query)
    )


@bp.get("/calls/rows")
@login_required
def rows() -> ResponseReturnValue:
    """The list rows of the calls named in `ids`, by commas; those that do not exist are left out."""
    found = services().replica.store.find(_named_calls())
    query = current_query()
    return render_template("calls/_rows.html", calls=found, call_url=partial(call_url, query))


@bp.get("/calls/<call_id>")
@login_required
def show(call_id: str) -> ResponseReturnValue:
    """One call, as the API has it now, or as we last knew it where the API does not answer."""
    return call_page(known_id(call_id), NoteForm(formdata=None))


def _list_addresses(query: ListQuery, view: CallList) -> dict[str, Any]:
    """Where the list's links lead. Pages and rows are counted from its top, whatever comes in meanwhile."""
    from_top = replace(query, cursor=view.cursor)
    return {
        "calls_url": partial(calls_url, query),
        "all_url": partial(confirm_url, query),
        "call_url": partial(call_url, from_top),
        "page_url": partial(calls_url, from_top),
        "counts_url": url_for(".counts", **from_top.to_args(page=view.number)),
        "rows_url": url_for(".rows", **from_top.to_args(page=view.number)),
    }


def _named_calls() -> list[str]:
    names = [name for text in request.args.getlist("ids") for name in text.split(",")]
    call_ids = [name for name in names if is_call_id(name)]
    if len(call_ids) > MOST_ROWS:
        abort(400, _("At most %(number)s calls at a time.", number=count(MOST_ROWS)))
    return call_ids
