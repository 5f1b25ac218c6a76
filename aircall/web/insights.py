"""The insights page, and the chart beside the list: pictures of exactly the calls that the list shows."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from aircall.web.call_list import read_list
from aircall.web.charts import draw_week, whole_chart
from aircall.web.list_query import ListQuery, calls_url, current_query
from aircall.web.login.session import login_required
from aircall.web.page import await_fresh_list, sync_state
from aircall.web.preferences import viewer_zone
from aircall.web.services import services
from aircall.web.totals import read_totals

bp = Blueprint("insights", __name__)


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
