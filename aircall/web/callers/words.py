"""What the pages of callers say of waiting times, and of what people did."""

from datetime import datetime, timedelta

from aircall.team.activity import Action, ActivityLine
from aircall.web.formatting import NO_BREAK_SPACE, count, duration
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.i18n import ngettext

# From here on a time is told in days.
DAYS_FROM = timedelta(days=2)

# `detail` is what Action says of it.
SENTENCES = {
    Action.TAKEN: _l("%(user)s took this caller."),
    Action.LET_GO: _l("%(user)s let this caller go."),
    Action.TAKEN_OVER: _l("%(user)s took this caller over from %(detail)s."),
    Action.EXPIRED: _l("The time to call back was up."),
    Action.REACHED: _l("Somebody spoke with this caller."),
    Action.CLOSED: _l("The calls were archived, so nobody has this caller any more."),
    Action.ARCHIVED: _l("%(user)s archived a call."),
    Action.MOVED_BACK: _l("%(user)s moved a call back to the inbox."),
    Action.NOTED: _l("%(user)s wrote a note."),
    Action.NAMED: _l("%(user)s named this number."),
    Action.RENAMED: _l("%(user)s changed the name of this number."),
    Action.UNNAMED: _l("%(user)s removed the name of this number."),
    Action.MERGED: _l("%(user)s merged two entries of the directory."),
    Action.IMPORTED: _l("%(user)s imported the name of this number."),
}


def waited(since: datetime, until: datetime) -> str:
    """Return how long, in one or two units: `under 1 min`, `35 min`, `2 h 05 min` or `3 days`."""
    length = max(until - since, timedelta(0))
    if length >= DAYS_FROM:
        return ngettext("%(number)s day", "%(number)s days", length.days, number=count(length.days))
    hours, minutes = divmod(length // timedelta(minutes=1), 60)
    if hours:
        text = f"{hours} h {minutes:02} min"
    else:
        text = f"{minutes} min" if minutes else _("under %(number)s min", number=1)
    return text.replace(" ", NO_BREAK_SPACE)


def lasted(length: timedelta | None) -> str:
    """Return how long a conversation was: in whole minutes from one on, else in seconds; empty if unknown."""
    if length is None or length < timedelta(minutes=1):
        return duration(length)
    whole = duration(timedelta(minutes=round(length / timedelta(minutes=1))))
    return whole.removesuffix(f"{NO_BREAK_SPACE}00{NO_BREAK_SPACE}s")


def sentence(line: ActivityLine) -> str:
    """Return what was done and by whom, as a sentence."""
    user = line.user.username if line.user else _("Somebody")
    return str(SENTENCES[line.action]) % {"user": user, "detail": line.detail}
