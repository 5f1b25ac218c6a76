"""Which days the list's chart shows where its filters leave them open."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aircall.calls.statistics import CallStatisticsQuery
from aircall.calls.store import CallStore
from aircall.storage.database import open_database
from aircall.web.charts import recent_chart
from aircall.web.list_query import ListQuery
from tests.support.made_calls import NOON, made_call

TODAY = NOON.date()


@pytest.mark.parametrize(
    ("days_ago", "last"),
    [(0, TODAY), (13, TODAY), (14, TODAY - timedelta(days=14)), (400, TODAY - timedelta(days=400))],
)
def test_the_fortnight_ends_today_or_where_that_has_no_call_with_the_newest(
    tmp_path: Path, days_ago: int, last: date
) -> None:
    log = CallStore(open_database(f"sqlite:///{tmp_path / 'calls.db'}"))
    log.apply([made_call(1, created_at=NOON - timedelta(days=days_ago))])

    chart = recent_chart(CallStatisticsQuery(log.engine), ListQuery(), ZoneInfo("UTC"), NOON)

    assert chart
    assert (chart.bars[0].first, chart.bars[-1].last) == (last - timedelta(days=13), last)
    assert sum(bar.total for bar in chart.bars) == 1
    log.close()


@pytest.mark.parametrize(
    ("days_ago", "until", "last"),
    [
        (1, date(2099, 12, 31), TODAY),
        (30, date(2099, 12, 31), TODAY - timedelta(days=30)),
        (30, TODAY - timedelta(days=2), TODAY - timedelta(days=30)),
        (5, TODAY - timedelta(days=2), TODAY - timedelta(days=2)),
        (-40, None, TODAY + timedelta(days=40)),
        (-40, date(2099, 12, 31), TODAY + timedelta(days=40)),
    ],
)
def test_the_fortnight_has_a_call_whatever_its_open_start_may_mean(
    tmp_path: Path, days_ago: int, until: date | None, last: date
) -> None:
    log = CallStore(open_database(f"sqlite:///{tmp_path / 'calls.db'}"))
    log.apply([made_call(1, created_at=NOON - timedelta(days=days_ago))])

    chart = recent_chart(CallStatisticsQuery(log.engine), ListQuery(date_to=until), ZoneInfo("UTC"), NOON)

    assert chart
    assert (chart.bars[-1].last, sum(bar.total for bar in chart.bars)) == (last, 1)
    log.close()


def test_one_call_in_the_future_takes_nothing_from_today(tmp_path: Path) -> None:
    log = CallStore(open_database(f"sqlite:///{tmp_path / 'calls.db'}"))
    log.apply([made_call(1), made_call(2, created_at=NOON + timedelta(days=4000))])

    chart = recent_chart(CallStatisticsQuery(log.engine), ListQuery(), ZoneInfo("UTC"), NOON)

    assert chart
    assert chart.bars[-1].last == TODAY
    log.close()
