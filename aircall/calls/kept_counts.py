"""Counts that the writes keep, so that no page counts the calls: by time and kind, and by line.

Calls are counted in buckets: those of all lines in one for all time, by day and by hour; those of each line
by day. A range of time is the sum of its buckets; the calls of an incomplete hour (of a line: day) are
counted one by one. Like the search index, the counts may lag behind: they are not used while there are rows
after `counted_row_version`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from aircall.calls.phone_numbers import searched_spellings, spellings
from aircall.calls.tables import (
    LAST_ROW_VERSION,
    NO_TIME,
    calls,
    counts,
    gone,
    lines,
    next_row_versions,
    state,
)
from aircall.concurrency import yield_control
from aircall.storage.database import TEXT, allow_long_statements, exclusive_transaction

# Milliseconds.
HOUR = 60 * 60 * 1000
DAY = 24 * HOUR
# The width of the one bucket for all time.
ALL_TIME = 0
# Milliseconds since 1970, whole days: bounds of every time, NO_TIME included.
FIRST, END = NO_TIME // DAY * DAY, -(NO_TIME // DAY) * DAY
# Every real time is after the bucket of NO_TIME.
FIRST_TIME = FIRST + DAY
# Rows that `catch_up` counts in one transaction: fewer would update the same buckets more often.
CATCH_UP_BATCH = 20_000
# Batches after which PostgreSQL's statistics are outdated. The last batch is empty.
MANY_BATCHES = 2
# Rows among which lines are looked for until all rows are counted.
SAMPLE = 2000
# Deleted rows that a write keeps for caches (count_cache.py), and the revisions for which they are kept.
MAX_CHANGED, KEPT_REVISIONS = 500, 1000
KIND = ("direction", "call_type", "is_archived")
EVERY_VERSION = 2**62

# Of direction and type, the values that are counted; a missing name is not restricted.
Kinds = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class CountedRange:
    """What is counted: calls of a line or, if it is empty, of all, and of these kinds, in a range of time.

    `since` is inclusive, `until` is not; both are in milliseconds since 1970. `last` adds the calls at
    `until` whose id is not greater.
    """

    line: str = ""
    kinds: Kinds = field(default_factory=dict)
    since: int = FIRST
    until: int = END
    last: str = ""


class KeptCounts:
    """The kept counts of one database.

    Maintain them in the transaction of each write: `remove` before rows are deleted, `add` after they were
    inserted. Call `catch_up` after each full sync: during the first one, `add` leaves all rows to it.
    """

    def __init__(self, connection: Connection) -> None:
        self._engine = connection.engine
        counted = select(state.c.counted_row_version).scalar_subquery()
        new = [calls.c.row_version > bindparam("after"), calls.c.row_version <= bindparam("last")]
        deleted = [
            calls.c.id.in_(bindparam("ids", expanding=True)),
            calls.c.version <= bindparam("last_version"),
            calls.c.row_version <= counted,
        ]
        is_postgresql = connection.dialect.name == "postgresql"
        self._add = _statements(new, 1, is_postgresql=is_postgresql)
        self._remove = _statements(deleted, -1, is_postgresql=is_postgresql)

    def remove(self, connection: Connection, ids: Sequence[str], last_version: int, *, total: int) -> None:
        """Subtract these calls, except those written after `last_version`, before they are deleted.

        They are also copied to `gone` for counts in caches, unless this write deletes too many: `total`.
        """
        if total > MAX_CHANGED:
            _forget_gone(connection)
        else:
            _keep_gone(connection, calls.c.id.in_(ids), calls.c.version <= last_version)
        for statement in self._remove:
            connection.execute(statement, {"ids": ids, "last_version": last_version})
        connection.execute(delete(lines).where(lines.c.count <= 0))

    def clear(self, connection: Connection) -> None:
        """Forget all counts, because all calls are deleted."""
        _forget_gone(connection)
        connection.execute(delete(counts))
        connection.execute(delete(lines))

    def add(self, connection: Connection, row_count: int) -> None:
        """Count the rows that were just inserted, unless the first full sync is not complete."""
        if connection.execute(select(state.c.synced_at)).scalar_one() is not None:
            self._count_next(connection, row_count)

    def catch_up(self) -> None:
        """Count every row that is not counted yet, in batches."""
        is_behind, batch_count = True, 0
        while is_behind:
            batch_count += 1
            with exclusive_transaction(self._engine) as connection:
                allow_long_statements(connection)
                # Excludes writers on PostgreSQL, too.
                connection.execute(select(state.c.id).with_for_update())
                is_behind = self._count_next(connection, CATCH_UP_BATCH)
            yield_control()
        if batch_count > MANY_BATCHES and self._engine.dialect.name == "postgresql":
            with self._engine.begin() as connection:
                # Until its statistics come by themselves, PostgreSQL would read whole tables.
                connection.exec_driver_sql(f"ANALYZE {counts.name}, {lines.name}")

    def _count_next(self, connection: Connection, limit: int) -> bool:
        """Count up to `limit` more rows, by row version. Return whether there were any."""
        new = next_row_versions(connection, state.c.counted_row_version, limit)
        if new is None:
            return False
        after, last = new
        for statement in self._add:
            connection.execute(statement, {"after": after, "last": last})
        connection.execute(update(state).values(counted_row_version=last))
        return True


def _keep_gone(connection: Connection, *chosen: ColumnElement[bool]) -> None:
    """Copy the calls that match, and forget those that no cache needs any more."""
    # This write's revision: it is incremented at the end.
    revision = connection.execute(select(state.c.revision)).scalar_one() + 1
    connection.execute(delete(gone).where(gone.c.revision <= revision - KEPT_REVISIONS))
    names = [column.name for column in gone.columns if column.name != "revision"]
    copied = select(literal(revision), *(calls.c[name] for name in names)).where(*chosen)
    connection.execute(insert(gone).from_select(["revision", *names], copied))


def _forget_gone(connection: Connection) -> None:
    """Make every cached count void."""
    connection.execute(delete(gone))
    connection.execute(update(state).values(changes_from=state.c.revision + 1))


def are_complete(connection: Connection) -> bool:
    """Return whether every row is counted."""
    counted = select(state.c.counted_row_version).scalar_subquery()
    return bool(connection.execute(select(counted >= LAST_ROW_VERSION)).scalar_one())


def count_range(connection: Connection, wanted: CountedRange) -> dict[bool, int]:
    """Return the number of calls in this range by whether they are archived. The counts must be complete."""
    parts = [
        select(counts.c.is_archived, func.sum(counts.c.count).label("count"))
        .where(*_in_buckets(wanted, *buckets))
        .group_by(counts.c.is_archived)
        for buckets in _buckets(wanted)
    ]
    one_by_one = [
        (calls.c.created_at >= since) & (calls.c.created_at < until) for since, until in _rests(wanted)
    ]
    if wanted.last and wanted.until >= wanted.since:
        one_by_one.append((calls.c.created_at == wanted.until) & (calls.c.id <= wanted.last))
    parts += [
        select(calls.c.is_archived, func.count().label("count"))
        .where(condition, *_of_kinds(calls, wanted))
        .group_by(calls.c.is_archived)
        for condition in one_by_one
    ]
    found: dict[bool, int] = {}
    if parts:
        for is_archived, count in connection.execute(union_all(*parts)):
            found[bool(is_archived)] = found.get(bool(is_archived), 0) + int(count)
    return found


def find_bucket(
    connection: Connection, wanted: CountedRange, archived: Sequence[bool], place: int
) -> tuple[int, int] | None:
    """Return where the bucket ends that holds the call at this place, and how many calls are after that.

    Places count from 0 at the newest call of all time that is of the line, the kinds and the view. Returns
    None if there are no so many calls.
    """
    end, after = END, 0
    for width in (DAY,) if wanted.line else (DAY, HOUR):
        first = FIRST if width == DAY else end - DAY
        buckets = select(counts.c.bucket, func.sum(counts.c.count).label("count")).where(
            *_in_buckets(wanted, width, (first - FIRST) // width, (end - FIRST) // width),
            counts.c.is_archived.in_(archived),
        )
        numbered = buckets.group_by(counts.c.bucket).subquery()
        up_to = func.sum(numbered.c.count).over(order_by=numbered.c.bucket.desc()) + after
        summed = select(numbered.c.bucket, numbered.c.count, up_to.label("up_to")).subquery()
        holding = select(summed).where(summed.c.up_to > place).order_by(summed.c.bucket.desc()).limit(1)
        found = connection.execute(holding).one_or_none()
        if found is None:
            return None
        end, after = FIRST + (found.bucket + 1) * width, int(found.up_to - found.count)
    return end, after


def count_by_kind(
    connection: Connection, ranges: Sequence[tuple[int, int]], kinds: Kinds, archived: Sequence[bool]
) -> Iterator[tuple[int, str, str, int]]:
    """Yield the start of the range, direction, type, and number of calls, for adjacent ranges of whole hours.

    A change of a clock makes a day longer or shorter, so ranges of the same length are counted together.
    """
    for length, group in groupby(ranges, key=lambda bounds: bounds[1] - bounds[0]):
        run = list(group)
        first, end = ((time - FIRST) // HOUR for time in (run[0][0], run[-1][1]))
        number = ((counts.c.bucket - first) // (length // HOUR)).label("number")
        inside = _in_buckets(CountedRange(kinds=kinds), HOUR, first, end)
        query = select(number, counts.c.direction, counts.c.call_type, func.sum(counts.c.count))
        query = query.where(*inside, counts.c.is_archived.in_(archived))
        for place, *kind, count in connection.execute(
            query.group_by("number", counts.c.direction, counts.c.call_type)
        ):
            yield run[0][0] + place * length, kind[0], kind[1], int(count)


def most_used_lines(connection: Connection, limit: int) -> list[str]:
    """Return the lines with the most calls, and of as many calls the lower numbers first.

    Until all rows are counted, these are the lines of the latest rows.
    """
    if are_complete(connection):
        most = select(lines.c.via).order_by(lines.c.count.desc(), lines.c.via)
        return list(connection.scalars(most.limit(limit)))
    latest = select(calls.c.via).order_by(calls.c.row_version.desc()).limit(SAMPLE).subquery()
    most = select(latest.c.via).where(latest.c.via != "").group_by(latest.c.via)
    return list(connection.scalars(most.order_by(func.count().desc(), latest.c.via).limit(limit)))


def find_lines(connection: Connection, text: str) -> list[str]:
    """Return the lines whose number contains this text in any spelling; see CallQuery.find_lines."""
    forms = searched_spellings(text)
    # Spellings differ in their beginning, and in what stands between the digits.
    patterns = ["%".join(["", *form.lstrip("+0"), ""]) for form in sorted(forms)]
    via = lines.c.via if are_complete(connection) else calls.c.via
    is_similar = or_(via.contains(text, autoescape=True), *map(via.like, patterns))
    similar = connection.scalars(select(via).where(is_similar, via != "").distinct().order_by(via))
    found = [line for line in similar if text in line or any(form in spellings(line) for form in forms)]
    whole = [line for line in found if line == text or not forms.isdisjoint(spellings(line).split())]
    return whole or found


def _buckets(wanted: CountedRange) -> Iterator[tuple[int, int, int]]:
    """Yield the buckets inside the range: width, first number and the number after the last."""
    if (wanted.since, wanted.until, wanted.line) == (FIRST, END, ""):
        yield ALL_TIME, 0, 1
        return
    for width, first, end in _cover(wanted):
        if width:
            yield width, first, end


def _rests(wanted: CountedRange) -> Iterator[tuple[int, int]]:
    """Yield the ranges of time that no buckets cover."""
    for width, first, end in _cover(wanted):
        if not width:
            yield first, end


def _cover(wanted: CountedRange) -> Iterator[tuple[int, int, int]]:
    widths = (DAY,) if wanted.line else (DAY, HOUR)
    left = [(wanted.since, wanted.until)]
    for width in widths:
        rest: list[tuple[int, int]] = []
        for since, until in left:
            first, end = -((FIRST - since) // width), (until - FIRST) // width
            if first >= end:
                rest.append((since, until))
                continue
            yield width, first, end
            rest += [(since, FIRST + first * width), (FIRST + end * width, until)]
        left = rest
    yield from ((0, since, until) for since, until in left if since < until)


def _in_buckets(wanted: CountedRange, width: int, first: Any, end: Any) -> list[ColumnElement[bool]]:
    inside = [counts.c.width == width, counts.c.bucket >= first, counts.c.bucket < end]
    return [counts.c.via == wanted.line, *inside, *_of_kinds(counts, wanted, has_line=True)]


def _of_kinds(table: Table, wanted: CountedRange, *, has_line: bool = False) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        table.c[name].in_(allowed) for name, allowed in wanted.kinds.items()
    ]
    if wanted.line and not has_line:
        conditions.append(table.c.via == wanted.line)
    return conditions


def _statements(conditions: Sequence[ColumnElement[bool]], sign: int, *, is_postgresql: bool) -> list[Any]:
    """Return the statements that add the calls that match to both tables, or with -1 subtract them."""
    counted = ("via", "created_at", *KIND)
    chosen = select(*(calls.c[name] for name in counted)).where(*conditions).cte("chosen")
    kind, number = [chosen.c[name] for name in KIND], func.count() * sign
    levels = [("", ALL_TIME), ("", DAY), ("", HOUR), (None, DAY)]
    by_bucket = union_all(*(_level(chosen, line, width, kind, number) for line, width in levels))
    by_line = select(chosen.c.via, number).where(chosen.c.via != "").group_by(chosen.c.via)
    insert_into = postgresql.insert if is_postgresql else sqlite.insert
    statements = []
    for table, added in ((counts, by_bucket), (lines, by_line)):
        names = [column.name for column in table.columns]
        statement = insert_into(table).from_select(names, added)
        total = table.c.count + statement.excluded.count
        statements.append(statement.on_conflict_do_update(index_elements=names[:-1], set_={"count": total}))
    return statements


def _level(chosen: CTE, line: str | None, width: int, kind: list[Any], number: Any) -> Select[Any]:
    """Count the chosen calls by bucket of this width; a line of None stands for each line."""
    via = chosen.c.via if line is None else literal(line, TEXT)
    bucket = (chosen.c.created_at - FIRST) // width if width else literal(0, BigInteger)
    keys = ([chosen.c.via] if line is None else []) + ([bucket] if width else [])
    counted = select(via, literal(width, BigInteger), bucket, *kind, number).group_by(*keys, *kind)
    return counted.where(chosen.c.via != "" if line is None else true())
