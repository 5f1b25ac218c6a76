"""The insights page, and the chart beside the list: pictures of exactly the calls that the list shows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from aircall.call_figures import CallFigures
from aircall.figures import Figures
from aircall.web.call_list import read_list
from aircall.web.figures import Chart, draw_chart
from aircall.web.filters import FIRST_DAY, LAST_DAY, ListQuery
from aircall.web.list_urls import calls_url, current_query
from aircall.web.services import services
from aircall.web.session import login_required
from aircall.web.sync_state import await_fresh_list, sync_state
from aircall.web.totals import read_totals
from aircall.web.week import draw_week
from aircall.web.zone import viewer_zone

bp = Blueprint("insights", __name__)

# How many days the list's chart shows where the range of days is open.
RECENT_DAYS = timedelta(days=14)
ONE_DAY = timedelta(days=1)


@bp.get("/insights")
@login_required
def index() -> ResponseReturnValue:
    """Figures of the filtered list: totals, calls by day, and the hours of the week."""
    query = replace(current_query(), top=None)
    await_fresh_list()
    # Taken before the data is read: what changes in between is sent to the page once more, never missed.
    position = services().mirror.feed.position
    return render_template(
        "insights/index.html",
        filters=query,
        problems=query.problems,
        position=position,
        sync=sync_state(),
        calls_url=partial(calls_url, query),
        insights_url=partial(insights_url, query),
        **_pictures(query, viewer_zone(), datetime.now(UTC)),
    )


def _pictures(query: ListQuery, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    figures = services().figures.read(query.to_filter(zone), zone)
    count = figures.totals.total()
    return {
        # The filters are the list's, and so is what they show.
        "view": read_list(services().mirror.log, query, zone, now),
        "count": count,
        "totals": read_totals(figures),
        "chart": whole_chart(figures, query, now.astimezone(zone).date()),
        "timeless_count": count - sum(day.total() for day in figures.days.values()),
        "week": draw_week(figures),
    }


def insights_url(query: ListQuery, **more: Any) -> str:
    """The address of the insights into this list, with these changes."""
    return url_for("insights.index", **query.to_args(**more))


def recent_chart(figures: CallFigures, query: ListQuery, zone: ZoneInfo, now: datetime) -> Chart | None:
    """The chart beside the list: of the query's days, or where those are open, of a fortnight with calls."""
    query, today = replace(query, top=None), now.astimezone(zone).date()
    recent = _last_recent_day(figures, query, zone, today)
    if recent is None:
        return None
    last = query.date_to if query.date_from and query.date_to else recent
    first = query.date_from or last - RECENT_DAYS + ONE_DAY
    last = max(first, last)
    wanted = replace(query, date_from=first, date_to=last).to_filter(zone)
    return draw_chart(figures.read_days(wanted, zone), first, last, today)


def _last_recent_day(figures: CallFigures, query: ListQuery, zone: ZoneInfo, today: date) -> date | None:
    """Today, or where the fortnight up to it has no call, the newest one's day: the past comes first."""
    end = min(query.date_to or today, today)
    newest = figures.newest_day(replace(query, date_to=end).to_filter(zone), zone)
    newest = newest or figures.newest_day(query.to_filter(zone), zone)
    if newest is None or not FIRST_DAY <= newest <= LAST_DAY:
        return None
    return end if end - RECENT_DAYS < newest <= end else newest


def whole_chart(figures: Figures, query: ListQuery, today: date) -> Chart | None:
    """The chart of all the query's days, or where those are open from the first call's to the last one's."""
    days = [day for day in figures.days if FIRST_DAY <= day <= LAST_DAY]
    if not days:
        return None
    return draw_chart(figures, query.date_from or min(days), query.date_to or max(days), today)
