"""The insights page, and the chart beside the list: pictures of exactly the calls that the list shows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from aircall.call_figures import CallFigures, Figures
from aircall.web.call_list import read_list
from aircall.web.figures import SERIES, Chart, by_kind, draw_chart
from aircall.web.filters import FIRST_DAY, LAST_DAY, ListQuery
from aircall.web.list_urls import calls_url, current_query, list_args
from aircall.web.services import services
from aircall.web.session import login_required
from aircall.web.sync_state import sync_state
from aircall.web.week import draw_week
from aircall.web.zone import viewer_zone

bp = Blueprint("insights", __name__)

# A page waits so long, in seconds, for the list to be read again before it shows what is known.
FRESH_WAIT = 1.0
# How many days the list's chart shows where the range of days is open.
RECENT_DAYS = timedelta(days=14)
ONE_DAY = timedelta(days=1)


@bp.get("/insights")
@login_required
def index() -> ResponseReturnValue:
    """Figures of the filtered list: totals, calls by day, and the hours of the week."""
    query = replace(current_query(), top=None)
    services().background.ensure_fresh(FRESH_WAIT)
    zone, now = viewer_zone(), datetime.now(UTC)
    figures = services().figures.read(query.to_filter(zone), zone)
    chart = whole_chart(figures, query, now.astimezone(zone).date())
    return render_template(
        "insights/index.html",
        filters=query,
        problems=query.problems,
        sync=sync_state(),
        # The filters are the list's, and so is what they show.
        view=read_list(services().mirror.log, query, zone, now),
        kinds=SERIES,
        numbers=by_kind(figures.totals),
        chart=chart,
        undrawn=figures.totals.total() - sum(bar.total for bar in chart.bars) if chart else 0,
        week=draw_week(figures),
        calls_url=partial(calls_url, query),
        insights_url=partial(insights_url, query),
    )


def insights_url(query: ListQuery, **more: Any) -> str:
    """The address of the insights into this list, with these changes."""
    return url_for("insights.index", **list_args(query, **more))


def recent_chart(figures: CallFigures, query: ListQuery, zone: ZoneInfo, now: datetime) -> Chart | None:
    """The chart beside the list: of the query's days, or where those are open, of a fortnight with calls."""
    query, today = replace(query, top=None), now.astimezone(zone).date()
    newest = figures.newest_day(query.to_filter(zone), zone)
    if newest is None or newest < FIRST_DAY:
        return None
    last = query.date_to or (today if newest > today - RECENT_DAYS else newest)
    first = query.date_from or last - RECENT_DAYS + ONE_DAY
    last = max(first, last)
    wanted = replace(query, date_from=first, date_to=last).to_filter(zone)
    return draw_chart(figures.read(wanted, zone), first, last, today)


def whole_chart(figures: Figures, query: ListQuery, today: date) -> Chart | None:
    """The chart of all the query's days, or where those are open from the first call's to the last one's."""
    days = [day for day in figures.days if FIRST_DAY <= day <= LAST_DAY]
    if not days:
        return None
    return draw_chart(figures, query.date_from or min(days), query.date_to or max(days), today)
