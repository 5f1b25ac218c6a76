"""Sentences about what people did with calls and callers: the template filter `deed`."""

from flask import Flask

from aircall.team.activity import Action, ActivityLine
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l

# `detail` is what Action says of it.
SENTENCES = {
    Action.TAKEN: _l("%(user)s took on this caller."),
    Action.LET_GO: _l("%(user)s let this caller go."),
    Action.TAKEN_OVER: _l("%(user)s took over this caller from %(detail)s."),
    Action.EXPIRED: _l("The time to call back ran out."),
    Action.REACHED: _l("Somebody spoke with this caller."),
    Action.CLOSED: _l("The calls were archived, so nobody needs to call back."),
    Action.ARCHIVED: _l("%(user)s archived a call."),
    Action.MOVED_BACK: _l("%(user)s moved a call to the inbox."),
    Action.NOTED: _l("%(user)s wrote a note."),
    Action.NAMED: _l("%(user)s named this number."),
    Action.RENAMED: _l("%(user)s changed the name of this number."),
    Action.UNNAMED: _l("%(user)s removed the name of this number."),
    Action.MERGED: _l("%(user)s merged two entries of the directory."),
    Action.IMPORTED: _l("%(user)s imported the name of this number."),
}


def register(app: Flask) -> None:
    """Provide templates with the filter."""
    app.add_template_filter(sentence, "deed")


def sentence(line: ActivityLine) -> str:
    """Return what was done and by whom, as a sentence."""
    user = line.user.username if line.user else _("Somebody")
    return str(SENTENCES[line.action]) % {"user": user, "detail": line.detail}
