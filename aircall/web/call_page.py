"""A call's own page, drawn for who looks at the call and for who has just tried to write a note on it."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from aircall.calls.query import read_context
from aircall.errors import AircallError, LoginEndedError, NotFoundError
from aircall.models import Call
from aircall.web.error_messages import sentence_for
from aircall.web.forms import NoteForm
from aircall.web.list_query import back_url, call_args, call_url, current_query
from aircall.web.login import form_recovery
from aircall.web.login.session import login_id, username
from aircall.web.preferences import viewer_zone
from aircall.web.services import services


def call_page(
    call_id: str, form: NoteForm, problem: str | None = None, status: int = 200
) -> ResponseReturnValue:
    """The page of a call as the API has it now, or as we last knew it where the API does not answer."""
    # Taken before the data is read: what changes in between is sent to the page once more, never missed.
    position = services().mirror.feed.position
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
        **_addresses(call),
    )
    return page, status


def _fill_with_kept_note(call_id: str, form: NoteForm) -> bool:
    """Whether a note that this person could not send is in the form again, which has to be a new one."""
    kept_note = form_recovery.find(url_for("notes.add", call_id=call_id), username())
    if kept_note is None or form.content.data is not None:
        return False
    form.content.data, form.key.data = kept_note.first("content"), kept_note.first("key")
    return True


def _what_is_known_beside(call: Call) -> dict[str, Any]:
    log, today = services().mirror.log, _today(viewer_zone())
    return {
        "context": read_context(log, call, today),
        "is_log_whole": log.synchronised_at is not None,
        "missed_count": log.missed_count(),
        "today": today[0].date(),
    }


def _addresses(call: Call) -> dict[str, Any]:
    """Where the page's links lead: all stay inside the list from which the call was opened."""
    query, log, zone = current_query(), services().mirror.log, viewer_zone()
    # Those that came since the list was opened are neighbours too.
    neighbours = log.neighbours(replace(query, top=None).to_filter(zone), call)
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
