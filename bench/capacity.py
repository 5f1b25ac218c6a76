"""The model of docs/scaling.md: what open pages, changes and calls take of processes, Redis and PostgreSQL.

Its costs are figures of the benchmarks. Times are processor time in seconds; a share is seconds in a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.figures import Figure

# What a core may be used to, so that what comes at once is not late, and the most pages of a process.
MOST_BUSY, MOST_PAGES = 0.7, 9_000
# As WORKERS in config.py: the most processes of one machine; several machines may have more.
MOST_PROCESSES = 256
# Seconds between two full syncs at the least, and the most of the time that they take.
SYNC_INTERVAL, SYNC_SHARE = 15.0, 0.1
# The scale of the figures: pages of events and of heartbeats, calls of the sync, processes of the servers.
FEW, MANY, IDLE, CALLS, PROCESSES = 1_000, 3_000, 5_000, 100_000, 4


@dataclass(frozen=True, slots=True)
class Costs:
    """What processes take: memory in MB, and processor time."""

    process_mb: float
    page_mb: float
    heartbeat: float  # of a page, in a second
    change: float  # at every process
    event: float  # of a change, for each page
    lead: float  # of a change, at the leader
    read: float  # of a page of the list
    sync: float  # of a call, in a full sync


@dataclass(frozen=True, slots=True)
class SharedCosts:
    """What a Redis and a PostgreSQL take: processor time."""

    redis_process: float  # of a process, in a second
    redis_change: float  # at every process
    redis_read: float
    postgres_change: float
    postgres_read: float


@dataclass(frozen=True, slots=True)
class Load:
    """Open pages, and in a second changes and pages of the list that are asked for."""

    pages: int
    processes: int
    changes: float = 0.0
    reads: float = 0.0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Need:
    """What a load takes: memory in MB, the time of one change, and shares of a core."""

    memory_mb: float
    change: float
    idle: float
    cores: float
    leader: float


def costs(figures: Mapping[str, Figure]) -> Costs:
    """Return what the figures say. Raises KeyError for one that was not measured."""
    few, many = (
        figures[f"processor time of an event to {pages:,} sockets"].value / 1000 for pages in (FEW, MANY)
    )
    event = max(0.0, many - few) / (MANY - FEW)
    colleague = figures[f"processor time of a colleague's change to {FEW:,} sockets"].value / 1000
    return Costs(
        process_mb=figures["memory of a process without open pages"].value,
        page_mb=figures["memory of a socket"].value / 1000,
        heartbeat=figures[f"heartbeats of {IDLE:,} idle sockets"].value / 100 / IDLE,
        change=max(0.0, few - event * FEW),
        event=event,
        lead=max(0.0, colleague - few),
        read=figures["a page, with Redis"].value / 1000,
        sync=figures["first full sync, no line"].value / CALLS,
    )


def shared_costs(figures: Mapping[str, Figure]) -> SharedCosts:
    """Return what the figures of `python -m bench scaling` say. Raises KeyError if it was not run."""

    def seconds(name: str) -> float:
        return max(0.0, figures[name].value / 1000)

    return SharedCosts(
        redis_process=seconds("Redis, nothing happens"),
        redis_change=seconds("Redis, a change") / PROCESSES,
        redis_read=seconds("Redis, a page of the list"),
        postgres_change=seconds("PostgreSQL, a change"),
        postgres_read=seconds("PostgreSQL, a page of the list"),
    )


def need(costs: Costs, load: Load) -> Need:
    """Return what the dashboard's processes take."""
    idle = load.pages * costs.heartbeat
    everywhere = load.changes * costs.change
    spread = idle + load.changes * load.pages * costs.event + load.reads * costs.read
    sync = min(SYNC_SHARE, load.calls * costs.sync / SYNC_INTERVAL)
    lead = load.changes * costs.lead + sync
    return Need(
        memory_mb=load.processes * costs.process_mb + load.pages * costs.page_mb,
        change=costs.lead + load.processes * costs.change + load.pages * costs.event,
        idle=idle,
        cores=load.processes * everywhere + spread + lead,
        leader=everywhere + spread / load.processes + lead,
    )


def processes_for(costs: Costs, pages: int, changes: float, reads: float, calls: int) -> int | None:
    """Return how many processes it takes until the leader has room, None if no number does."""
    for processes in range(max(1, -(-pages // MOST_PAGES)), MOST_PROCESSES + 1):
        if need(costs, Load(pages, processes, changes, reads, calls)).leader <= MOST_BUSY:
            return processes
    return None


def redis_share(costs: SharedCosts, load: Load) -> float:
    """Return the share of the core of one Redis."""
    changes = load.changes * load.processes * costs.redis_change
    return load.processes * costs.redis_process + changes + load.reads * costs.redis_read


def postgres_share(costs: SharedCosts, load: Load) -> float:
    """Return how many cores PostgreSQL takes."""
    return load.changes * costs.postgres_change + load.reads * costs.postgres_read
