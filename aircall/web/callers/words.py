"""What the pages of callers say of waiting times."""

from datetime import datetime, timedelta

from aircall.web.formatting import NO_BREAK_SPACE, count, duration
from aircall.web.i18n import gettext as _
from aircall.web.i18n import ngettext

# From here on a time is told in days.
DAYS_FROM = timedelta(days=2)


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
