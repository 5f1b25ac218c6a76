"""The data of the list page: a page of calls grouped by day, and counts. Independent of requests and HTML."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from aircall.calls.filters import CallFilter, SortKey
from aircall.calls.query import CallQuery, inbox_count_of_day, inbox_counts
from aircall.models import Call
from aircall.web.formatting import LONG, day_name
from aircall.web.i18n import gettext as _
from aircall.web.kinds import MISSED, VOICEMAIL
from aircall.web.list_query import OFFERED_LINES, ListQuery, sort_key_text


@dataclass(frozen=True, slots=True)
class Day:
    """The calls of a day on this page; `date` is None for calls without a usable time."""

    date: date | None
    relative: str
    label: str
    calls: Sequence[Call]


@dataclass(frozen=True, slots=True)
class QuickView:
    """A list that people often want: how many calls of the inbox it has, and how it differs from the inbox.

    `name` is that of its number in events; `done` says that its calls are all archived.
    """

    name: str
    label: str
    done: str
    number: int
    changes: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCounts:
    """Numbers of calls: by view under the filters, missed calls in the inbox, and in each quick view.

    Of the current view, `total` calls are at or after the query's cursor, and `new_count` before it. Unless
    `is_exact`, the calls under the filters are not counted yet: there are so many at least.
    """

    counts: dict[str, int] = field(hash=False)
    is_exact: bool
    missed_count: int
    quick: tuple[QuickView, ...]
    total: int
    new_count: int

    def quick_shown(self, query: ListQuery) -> QuickView | None:
        """Return the quick view that a list with this query is."""
        is_in_inbox = query.view == "inbox"
        return next(
            (quick for quick in self.quick if is_in_inbox and quick.changes == query.restrictions), None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChoice:
    """The lines that the filter offers: those with the most calls and the chosen one, sorted.

    If there are more, another one can be typed. `problem` is a sentence about the typed one, and `found` the
    lines that it fits, if they are several.
    """

    offered: tuple[str, ...]
    has_more: bool
    found: tuple[str, ...] = ()
    problem: str = ""

    @property
    def shown(self) -> tuple[str, ...]:
        """Every line that the form names."""
        return (*self.offered, *self.found)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterChoices:
    """What the filter form offers, and how many calls each view has under it. `today` is the viewer's day."""

    counts: dict[str, int] = field(hash=False)
    is_exact: bool
    today: date
    lines: LineChoice

    @property
    def recent_days(self) -> Sequence[tuple[str, date, date]]:
        """Ranges of days for quick selection: label, first and last day."""
        yesterday, week_ago = self.today - timedelta(days=1), self.today - timedelta(days=6)
        return (
            (_("Today"), self.today, self.today),
            (_("Yesterday"), yesterday, yesterday),
            (_("Last 7 days"), week_ago, self.today),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceInList(ListCounts):
    """Where a page is in its list. `first` and `last` count from one, and are 0 on an empty page.

    The first page is counted like the tabs; later ones begin at the query's cursor, after `new_before` calls.
    `page_count` is 0 if the calls are not counted. `oldest` and `newest` are the sort keys by which the pages
    beside it are found, as texts; empty where their numbers are enough.
    """

    first: int
    last: int
    number: int
    page_count: int
    new_before: int
    has_older: bool
    oldest: str = ""
    newest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallList(PlaceInList):
    """A page of the filtered list.

    `cursor` is the sort key that pages are counted from, None without calls. `today` is the viewer's day.
    """

    today: date
    days: Sequence[Day]
    cursor: SortKey | None
    lines: LineChoice

    @property
    def calls(self) -> list[Call]:
        """The calls of all days."""
        return [call for day in self.days for call in day.calls]

    @property
    def place(self) -> PlaceInList:
        """The same without the calls."""
        return PlaceInList(**{field.name: getattr(self, field.name) for field in fields(PlaceInList)})

    @property
    def choices(self) -> FilterChoices:
        """What the filter form shows of this list."""
        return FilterChoices(counts=self.counts, is_exact=self.is_exact, today=self.today, lines=self.lines)


def read_list(store: CallQuery, query: ListQuery, zone: ZoneInfo, now: datetime) -> CallList:
    """Return the requested page, or the last one if there are fewer pages."""
    counts = read_counts(store, query, zone, now, is_quick=True)
    if not counts.is_exact:
        view = _read_page(store, query, zone, now, counts)
        if view.has_older or (view.first and query.page > 1):
            return view
        # All calls are here, so they are few, or none is, so it is after the last page.
        counts = read_counts(store, query, zone, now)
    if counts.new_count and not counts.total:
        # Every call after the cursor has left the list, and there are only newer ones.
        return read_list(store, replace(query, cursor=None), zone, now)
    page_count = max(1, -(-counts.total // query.per_page))
    return _read_page(store, replace(query, page=min(query.page, page_count)), zone, now, counts)


def _place(counts: ListCounts, query: ListQuery) -> PlaceInList:
    """Return where this page is."""
    all_count = counts.counts[query.view]
    reach = all_count if query.page == 1 else counts.total
    offset = (query.page - 1) * query.per_page
    page_count = max(1, -(-reach // query.per_page))
    return PlaceInList(
        **{field.name: getattr(counts, field.name) for field in fields(ListCounts)},
        first=offset + 1 if reach > offset else 0,
        last=min(offset + query.per_page, reach) if reach > offset else 0,
        number=query.page,
        page_count=page_count if counts.is_exact else 0,
        new_before=max(0, all_count - reach),
        has_older=query.page < page_count,
    )


def _read_page(
    store: CallQuery, query: ListQuery, zone: ZoneInfo, now: datetime, counts: ListCounts
) -> CallList:
    wanted, today = query.to_filter(zone), now.astimezone(zone).date()
    offset = (query.page - 1) * query.per_page
    calls, place = _read_calls(store, wanted, query), _place(counts, query)
    if wanted.is_found_one_by_one:
        place = _between_keys(place, calls, query)
        calls = calls[: query.per_page]
    if len(calls) != place.last - place.first + 1:
        # They changed while they were read.
        place = replace(place, first=offset + 1 if calls else 0, last=offset + len(calls) if calls else 0)
    return CallList(
        **{field.name: getattr(place, field.name) for field in fields(PlaceInList)},
        today=today,
        days=group_by_day(calls, zone, today),
        cursor=query.cursor or _key_of_first(store.page(wanted, 0, 1) if offset else calls),
        lines=read_lines(store, query),
    )


def _read_calls(store: CallQuery, wanted: CallFilter, query: ListQuery) -> list[Call]:
    """Return the calls of the page; of a list without kept counts, also the next one."""
    size = query.per_page + wanted.is_found_one_by_one
    if query.after:
        return store.page_after(wanted, query.after, size)
    if query.before:
        before = store.page_before(wanted, query.before, query.per_page)
        return [*before, *store.page_after(wanted, SortKey.of(before[-1]), 1)] if before else []
    return store.page(wanted, (query.page - 1) * query.per_page, size)


def _between_keys(place: PlaceInList, calls: Sequence[Call], query: ListQuery) -> PlaceInList:
    """Return the place with the keys of the pages beside it, and at least as many calls as there are here."""
    shown, offset = calls[: query.per_page], (query.page - 1) * query.per_page
    counts = place.counts
    if not place.is_exact:
        least = max(counts[query.view], offset + len(calls))
        counts = counts | {query.view: least, "all": max(counts["all"], least)}
    oldest, newest = (sort_key_text(SortKey.of(shown[end])) if shown else "" for end in (-1, 0))
    return replace(place, counts=counts, has_older=len(calls) > len(shown), oldest=oldest, newest=newest)


def read_choices(store: CallQuery, query: ListQuery, zone: ZoneInfo, today: date) -> FilterChoices:
    """Return what the filter form shows, without reading calls."""
    counts = store.counts(replace(query, cursor=None).to_filter(zone))
    return FilterChoices(counts=counts, is_exact=True, today=today, lines=read_lines(store, query))


def read_lines(store: CallQuery, query: ListQuery) -> LineChoice:
    """Return the lines to choose from."""
    most_used = store.lines(OFFERED_LINES + 1)
    offered = tuple(sorted({*most_used[:OFFERED_LINES], query.line} - {""}))
    has_more = len(most_used) > OFFERED_LINES
    if not query.typed_line:
        return LineChoice(offered=offered, has_more=has_more)
    found, typed = tuple(store.find_lines(query.typed_line, OFFERED_LINES + 1)), query.typed_line[:40]
    if not found:
        problem = _("No line number contains “%(text)s”, so all lines are shown.", text=typed)
    elif len(found) > OFFERED_LINES:
        problem, found = _("Many line numbers contain “%(text)s”. Type more of it.", text=typed), ()
    else:
        problem = _("Several line numbers contain “%(text)s”. Choose one:", text=typed)
    return LineChoice(offered=offered, has_more=has_more, found=found, problem=problem)


def read_counts(
    store: CallQuery, query: ListQuery, zone: ZoneInfo, now: datetime, *, is_quick: bool = False
) -> ListCounts:
    """Return the counts of the list; if `is_quick`, those of a search may not be exact."""
    wanted, today = query.to_filter(zone), now.astimezone(zone).date()
    if is_quick:
        counts, is_exact = store.quick_counts(wanted)
    else:
        counts, is_exact = store.counts(replace(wanted, cursor=None)), True
    in_inbox, new_count = inbox_counts(store), store.newer_count(wanted)
    in_inbox["today"] = inbox_count_of_day(store, today, zone)
    return ListCounts(
        counts=counts,
        is_exact=is_exact,
        missed_count=in_inbox["missed"],
        quick=_quick_views(in_inbox, today.isoformat()),
        # The replica may have changed between the two reads.
        total=max(0, counts[query.view] - new_count),
        new_count=min(counts[query.view], new_count) if is_exact else new_count,
    )


def _quick_views(numbers: Mapping[str, int], today: str) -> tuple[QuickView, ...]:
    named = (
        ("missed", MISSED.many, _("Every missed call is archived."), {"type": MISSED.value}),
        ("voicemail", VOICEMAIL.many, _("Every voicemail is archived."), {"type": VOICEMAIL.value}),
        ("today", _("Today"), _("All of today's calls are archived."), {"from": today, "to": today}),
    )
    return tuple(QuickView(name, str(label), done, numbers[name], args) for name, label, done, args in named)


def read_news(
    store: CallQuery, query: ListQuery, zone: ZoneInfo, now: datetime, changed: Collection[str]
) -> PlaceInList:
    """Return the counts and the place for an open page that has no rows for these `changed` calls.

    On the first page, changed calls that belong there now count as new too. A page without a cursor had no
    calls, so all are new.
    """
    counts = read_counts(store, query, zone, now)
    place = _place(counts, replace(query, page=min(query.page, max(1, -(-counts.total // query.per_page)))))
    if query.cursor is None:
        return replace(place, new_count=counts.total)
    if query.page > 1 or not changed:
        return place
    calls = store.page(query.to_filter(zone), 0, query.per_page)
    return replace(place, new_count=counts.new_count + sum(call.id in changed for call in calls))


def _key_of_first(calls: Sequence[Call]) -> SortKey | None:
    return SortKey.of(calls[0]) if calls else None


def group_by_day(calls: Sequence[Call], zone: ZoneInfo, today: date) -> list[Day]:
    """Group calls, sorted by time, into days of this zone."""

    def day_of(call: Call) -> date | None:
        return call.created_at.astimezone(zone).date() if call.created_at else None

    return [_day(day, list(group), today) for day, group in groupby(calls, key=day_of)]


def _day(day: date | None, calls: Sequence[Call], today: date) -> Day:
    if day is None:
        return Day(None, "", _("Unknown date"), calls)
    relative = {today: _("Today"), today - timedelta(days=1): _("Yesterday")}.get(day, "")
    return Day(day, relative, day_name(day, LONG), calls)
