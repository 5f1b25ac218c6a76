"""Writing notes."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from aircall.changes.errors import UnconfirmedError
from aircall.errors import AircallError, InvalidRequestError, LoginEndedError, NotFoundError
from aircall.web.call_page import call_page
from aircall.web.error_messages import api_sentences, sentence_for
from aircall.web.forms import NoteForm
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.list_query import call_url, current_query, known_id
from aircall.web.login import form_recovery
from aircall.web.login.session import login_id, login_required
from aircall.web.page import notify
from aircall.web.security import see_other
from aircall.web.services import services

bp = Blueprint("notes", __name__)

UNSURE = _l(
    "The phone system did not say whether the note was saved, and it does not show yet. What you wrote is "
    "still here. If you send it again, we first look whether it has come meanwhile."
)


@bp.post("/calls/<call_id>/notes")
@login_required
def add(call_id: str) -> ResponseReturnValue:
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
    notify(_("Note added."))
    return see_other(call_url(current_query(), call_id))
