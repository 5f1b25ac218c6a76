"""The call list, its rows and counts, a call's page, and adding notes."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import HiddenField, TextAreaField
from wtforms.validators import ValidationError

from aircall.calls.filters import midnight
from aircall.calls.related import read_related_calls
from aircall.calls.search_terms import searched_texts
from aircall.changes.errors import UnconfirmedError
from aircall.errors import AircallError, InvalidRequestError, LoginEndedError, NotFoundError
from aircall.models import Call, is_call_id
from aircall.storage.reading import reading_once
from aircall.web.calls.call_activity import read_activity
from aircall.web.calls.list_page import CallList, read_list, read_news
from aircall.web.charts import recent_chart
from aircall.web.error_messages import api_sentences, sentence_for
from aircall.web.formatting import count
from aircall.web.fragments import NO_TEXTS
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.i18n import viewer_format
from aircall.web.list_query import (
    CallLinks,
    ConfirmLinks,
    ListLinks,
    ListQuery,
    back_url,
    call_args,
    call_search,
    call_url,
    current_query,
    days_url,
    filter_words,
    find_line,
    keep_page_size,
    known_id,
    query_around,
    sort_key_text,
)
from aircall.web.login import form_recovery
from aircall.web.login.session import login_id, login_required, username
from aircall.web.note_text import is_visible, typed
from aircall.web.page import await_fresh_list, call_names, flash_message, list_freshness, searched_query
from aircall.web.people import People
from aircall.web.preferences import viewer_has_calls_beside, viewer_zone
from aircall.web.security import see_other
from aircall.web.services import services

bp = Blueprint("calls", __name__)

# Calls of a line in a range of days that are counted one by one before their page is shown.
MOST_DRAWN_AT_ONCE = 3000
# How many calls `ids` may name in one request.
MOST_ROWS = 100
UNSURE = _l(
    "The phone system did not say whether it saved the note, and the note is not shown yet. "
    "Your text is still here. If you send it again, Callboard first checks whether the note has arrived."
)


class NoteForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
    """A note on a call."""

    content = TextAreaField(filters=[typed])
    # Idempotency key: the note is stored once, however often this form is sent.
    key = HiddenField(default=secrets.token_urlsafe)

    def validate_content(self, field: TextAreaField) -> None:
        """Reject a note of which nothing is seen, as the API does; the text stays in the field."""
        if not is_visible(field.data or ""):
            raise ValidationError(_("Write something first: a note can't be empty."))


@bp.get("/")
def root() -> ResponseReturnValue:
    """Redirect to the list."""
    return see_other(url_for(".index"))


@bp.get("/calls/")
def index_with_slash() -> ResponseReturnValue:
    """Redirect to the list, as people type its address."""
    return see_other(url_for(".index") + request.full_path.removeprefix(request.path).rstrip("?"))


@bp.get("/calls")
@login_required
def index() -> ResponseReturnValue:
    """Show a page of the call list, filtered, newest first."""
    query = searched_query()
    keep_page_size(query)
    if with_line := find_line(services().replica.store, query):
        return see_other(ListLinks("calls.index", with_line)())
    await_fresh_list()
    # Before the data is read: a change in between is sent to the page again rather than missed.
    position = services().replica.feed.position
    return render_template("calls/index.html", position=position, call=None, **_list_values(query))


def _list_values(query: ListQuery, call: Call | None = None) -> dict[str, Any]:
    """Return what the list's page shows; `call` is open beside it."""
    zone, now, store = viewer_zone(), datetime.now(UTC), services().replica.store
    with reading_once():
        if call:
            query = query_around(store, query, call, zone)
        view = read_list(store, query, zone, now)
        is_chart_later = _is_drawn_later(query, view)
        chart = None if is_chart_later else recent_chart(services().statistics, query, zone, now)
        shown = [*view.calls, call] if call else view.calls
        people = services().people.of_calls(shown, (*view.lines.shown, query.line, query.number))
        waiting, freshness = services().waiting.count(), list_freshness()
    return {
        "view": view,
        "filters": query,
        "problems": query.problems,
        "sync": freshness,
        "chart": chart,
        "is_chart_later": is_chart_later,
        "waiting": waiting,
        "people": people,
        "words": filter_words(query, people),
        **_list_urls(query, view, people),
    }


def _is_drawn_later(query: ListQuery, view: CallList) -> bool:
    """Return whether counting the days of the list would take longer than all else on its page."""
    is_long = query.line and query.date_from and view.counts["all"] > MOST_DRAWN_AT_ONCE
    return not view.is_exact or bool(is_long)


def _list_urls(query: ListQuery, view: CallList, people: People) -> dict[str, Any]:
    """Return the URLs of the list page. Its pages and rows are counted from the cursor of this view."""
    from_cursor = replace(query, cursor=view.cursor)
    return {
        "calls_url": ListLinks("calls.index", query),
        "days_url": days_url(query),
        "all_url": ConfirmLinks(query),
        "rows": _rows_of(from_cursor, people),
        "page_url": ListLinks("calls.index", from_cursor),
        "counts_url": url_for(".counts", **from_cursor.to_args(page=view.number)),
        "rows_url": url_for(".rows"),
        "cursor_text": sort_key_text(view.cursor) if view.cursor else "",
    }


@bp.get("/calls/counts")
@login_required
def counts() -> ResponseReturnValue:
    """Return the parts of the list page that count calls: heading, tabs, toolbar, and the link to new calls.

    Takes the query of the list, and the `ids` of changed calls that have no row on that page.
    """
    query = searched_query()
    view = read_news(services().replica.store, query, viewer_zone(), datetime.now(UTC), _requested_ids())
    return render_template(
        "calls/_counts.html",
        view=view,
        filters=query,
        waiting=services().waiting.count(),
        calls_url=ListLinks("calls.index", query),
        all_url=ConfirmLinks(query),
    )


@bp.get("/calls/chart")
@login_required
def chart() -> ResponseReturnValue:
    """Return the chart beside the list of this query, and the totals of its days."""
    query = searched_query()
    now = datetime.now(UTC)
    with reading_once():
        drawn = recent_chart(services().statistics, query, viewer_zone(), now)
    return render_template(
        "calls/_chart_and_days.html", chart=drawn, days_url=days_url(query), is_large=False
    )


@bp.get("/calls/rows")
@login_required
def rows() -> ResponseReturnValue:
    """Return the list rows of the calls in `ids`, separated by commas; unknown calls are left out."""
    found = services().replica.store.find(_requested_ids())
    return _rows_of(current_query(), services().people.of_calls(found))(found)


def _rows_of(query: ListQuery, people: People) -> Callable[[Iterable[Call]], Markup]:
    """Return what renders the rows of calls, whose links lead into the list of this query."""
    searched = searched_texts(query.q) if query.q else NO_TEXTS
    rows, search, zone, form = services().rows, call_search(query), viewer_zone().key, viewer_format()
    return lambda found: rows.rows(found, people, form, zone, search, searched)


def _requested_ids() -> list[str]:
    names = [name for text in request.args.getlist("ids") for name in text.split(",")]
    call_ids = [name for name in names if is_call_id(name)]
    if len(call_ids) > MOST_ROWS:
        abort(400, _("At most %(number)s calls at a time.", number=count(MOST_ROWS)))
    return call_ids


@bp.get("/calls/<call_id>")
@login_required
def show(call_id: str) -> ResponseReturnValue:
    """Show one call, as the API has it now, or from the replica if the API does not answer."""
    return _call_page(known_id(call_id), NoteForm(formdata=None))


@bp.post("/calls/<call_id>/notes")
@login_required
def add_note(call_id: str) -> ResponseReturnValue:
    """Add a note to a call, once. The text stays in the form until the note is known to be saved."""
    form = NoteForm()
    if not form.validate_on_submit():
        return _call_page(known_id(call_id), form, status=400)
    try:
        content = form.content.data or ""
        services().changes.add_note(login_id(), known_id(call_id), content, form.key.data or "")
    except (LoginEndedError, NotFoundError):
        raise
    except InvalidRequestError as error:
        form.content.errors = [api_sentences(error.messages)]
        return _call_page(call_id, form, status=400)
    except UnconfirmedError:
        return _call_page(call_id, form, UNSURE, 503)
    except AircallError as error:
        return _call_page(call_id, form, sentence_for(error), 503)
    form_recovery.drop()
    name = call_names([call_id]).get(call_id)
    flash_message(_("Note added: %(name)s.", name=name) if name else _("Note added."))
    return see_other(call_url(current_query(), call_id))


def _call_page(
    call_id: str, form: NoteForm, problem: str | None = None, status: int = 200
) -> ResponseReturnValue:
    # Before the data is read: a change in between is sent to the page again rather than missed.
    position = services().replica.feed.position
    call, as_of, trouble = _read_call(call_id)
    with reading_once():
        values = _surroundings(call) | _call_urls(call)
        is_beside = viewer_has_calls_beside()
        if is_beside:
            values |= _list_values(searched_query(), call)
        else:
            values["people"] = services().people.of_calls([call])
        # After all of the replica's: both databases may be one connection each.
        values["activity"] = read_activity(services().team.activity, call)
    page = render_template(
        "calls/index.html" if is_beside else "calls/show.html",
        call=call,
        as_of=as_of,
        # Shown once: beside a note that was not saved, else above the call.
        problem=None if problem else trouble,
        note_problem=problem or " ".join(map(str, form.content.errors)),
        position=position,
        was_kept=_fill_with_kept_note(call_id, form),
        note_form=form,
        **values,
    )
    return page, status


def _read_call(call_id: str) -> tuple[Call, datetime | None, str | None]:
    """Return a call, and if it is from the replica, the time of the last sync and the reason."""
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


def _fill_with_kept_note(call_id: str, form: NoteForm) -> bool:
    """Fill a new form with the note that this user could not send; return whether there was one."""
    kept_note = form_recovery.find(url_for("calls.add_note", call_id=call_id), username())
    if kept_note is None or form.content.data is not None:
        return False
    form.content.data, form.key.data = kept_note.first("content"), kept_note.first("key")
    return True


def _surroundings(call: Call) -> dict[str, Any]:
    store, today = services().replica.store, _today(viewer_zone())
    return {
        "related": read_related_calls(store, call, today),
        "is_list_complete": store.synced_at is not None,
        "missed_count": store.missed_count(),
        "today": today[0].date(),
    }


def _today(zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the start of today in this zone, and that of tomorrow."""
    day = datetime.now(zone).date()
    return midnight(day, zone), midnight(day + timedelta(days=1), zone)


def _call_urls(call: Call) -> dict[str, Any]:
    """Return the URLs of a call's page, all of which stay inside the list that it was opened from."""
    query, store, zone = searched_query(), services().replica.store, viewer_zone()
    # Without the cursor: calls that came since the list was opened are neighbors too.
    neighbors = store.neighbors(replace(query, cursor=None).to_filter(zone), call)
    return {
        "newer_url": neighbors.newer and call_url(query, neighbors.newer),
        "older_url": neighbors.older and call_url(query, neighbors.older),
        "list_url": back_url(store, query, call, zone),
        "query": call_args(query),
        "call_url": CallLinks(query),
    }
