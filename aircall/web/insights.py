"""The insights page: totals by kind, chart and busiest hours of exactly the calls that the list shows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from aircall.calls.statistics import CallStatistics
from aircall.csv_cells import BYTE_ORDER_MARK, csv_text, guarded
from aircall.storage.reading import reading_once
from aircall.web.callers.figures import csv_rows, read_figures
from aircall.web.callers.words import lasted
from aircall.web.calls.list_page import read_choices
from aircall.web.charts import DRAWN_CHARTS, draw_week, whole_chart
from aircall.web.kinds import KINDS, RARE, Kind, by_kind
from aircall.web.list_query import (
    ListLinks,
    ListQuery,
    calls_url,
    days_url,
    filter_words,
    find_line,
)
from aircall.web.login.session import login_required
from aircall.web.page import await_fresh_list, list_freshness, searched_query
from aircall.web.preferences import viewer_zone
from aircall.web.security import see_other
from aircall.web.services import services


@dataclass(frozen=True, slots=True)
class Total:
    """The number of calls of a kind."""

    kind: Kind
    number: int

    @property
    def changes(self) -> Mapping[str, str]:
        """The changes to the query that select exactly these calls."""
        kind = self.kind
        return (
            {"type": kind.value} if kind.value else {"type": kind.call_type, "direction": kind.directions[0]}
        )


@lru_cache(DRAWN_CHARTS)
def read_totals(statistics: CallStatistics) -> tuple[Total, ...]:
    """Return the total of every known kind, and of unknown calls if there are any."""
    numbers = by_kind(statistics.totals)
    shown = [kind for kind in KINDS if numbers[kind.name] or kind not in RARE]
    return tuple(Total(kind, numbers[kind.name]) for kind in shown)


bp = Blueprint("insights", __name__)


@bp.get("/insights")
@login_required
def index() -> ResponseReturnValue:
    """Show statistics of the filtered list, of all views unless one is named."""
    query = replace(searched_query(), cursor=None)
    list_url = calls_url(query)
    if "view" not in request.args:
        query.view = "all"
    if with_line := find_line(services().replica.store, query):
        return see_other(ListLinks("insights.index", with_line)())
    await_fresh_list()
    # Before the data is read: a change in between is sent to the page again rather than missed.
    position = services().replica.feed.position
    return render_template(
        "insights/index.html",
        filters=query,
        problems=query.problems,
        position=position,
        sync=list_freshness(),
        list_url=list_url,
        calls_url=ListLinks("calls.index", query),
        insights_url=ListLinks("insights.index", query),
        days_url=days_url(query),
        **_pictures(query, viewer_zone(), datetime.now(UTC)),
    )


def _pictures(query: ListQuery, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    with reading_once():
        statistics = services().statistics.read(query.to_filter(zone), zone)
        # For the filter form, which is the list's.
        view = read_choices(services().replica.store, query, zone, now.astimezone(zone).date())
        figures = read_figures(services().replica.store, services().waiting.filter(), zone, now)
        lines = (*view.lines.shown, *(line for line, *_ in figures.lines))
        people = services().people.of_numbers((*lines, query.line, query.number))
    count = statistics.totals.total()
    return {
        "view": view,
        "people": people,
        "words": filter_words(query, people),
        "count": count,
        "totals": read_totals(statistics),
        "chart": whole_chart(statistics, query, now.astimezone(zone).date()),
        "timeless_count": count - sum(day.total() for day in statistics.days.values()),
        "week": draw_week(statistics),
        "figures": figures,
        "line_names": people.named(line for line, *_ in figures.lines),
        "lasted": lasted,
        "today": now.astimezone(zone).date(),
    }


@bp.get("/insights/call-backs.csv")
@login_required
def call_backs() -> ResponseReturnValue:
    """Download the figures of calling back."""
    await_fresh_list()
    now, zone = datetime.now(UTC), viewer_zone()
    figures = read_figures(services().replica.store, services().waiting.filter(), zone, now)
    name = f"call-backs-{now.astimezone(zone).date()}.csv"
    return Response(
        BYTE_ORDER_MARK + csv_text([[guarded(cell) for cell in row] for row in csv_rows(figures, now)]),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )
