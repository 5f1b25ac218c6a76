"""The memory, processor time and open files of each process that serves, as the system tells them.

prometheus_client tells them of a process alone, and not at all where several are counted together.

What is counted and measured, by name, and how it reads for Prometheus.

Knows prometheus_client alone; knows nothing of who reports here. Each process writes files of its own in
PROMETHEUS_MULTIPROC_DIR, where one is set before prometheus_client is imported, and any of them answers for
all. Labels are names from the source, never what somebody sent.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

# Every process has such a file for as long as it lives.
FILES, PREFIX = "gauge_livesum_*.db", "gauge_livesum_"


class Processes(Collector):
    """What there is to tell of the processes whose files are in this directory, each by its `pid`."""

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory)

    def collect(self) -> Iterable[Metric]:
        """The metrics, with a sample for each process."""
        found: dict[str, Metric] = {}
        for pid in self._pids():
            for metric in ProcessCollector("callboard", partial(str, pid), registry=None).collect():
                whole = found.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                for sample in metric.samples:
                    whole.add_sample(sample.name, {"pid": pid}, sample.value)
        return found.values()

    def _pids(self) -> Iterator[str]:
        return (path.stem.removeprefix(PREFIX) for path in sorted(self._directory.glob(FILES)))


CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# In seconds. The API is given up on after seven.
ANSWER_TIMES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
EVENT_AGES = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
READING_TIMES = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

REQUESTS = Counter("callboard_requests", "Requests answered.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "callboard_request_seconds", "How long an answer took, to its last byte.", ["route"], buckets=ANSWER_TIMES
)
UPSTREAM_SECONDS = Histogram(
    "callboard_upstream_seconds", "How long each try of the API took.", ["endpoint"], buckets=ANSWER_TIMES
)
UPSTREAM_ERRORS = Counter(
    "callboard_upstream_errors", "Tries of the API that came to nothing.", ["endpoint", "error"]
)
REFRESHES = Counter("callboard_token_refreshes", "Tries to renew a login's tokens.", ["outcome"])
SOCKETS = Gauge("callboard_open_sockets", "Open pages that are told of changes.", multiprocess_mode="livesum")
EVENTS_IN = Counter("callboard_events_in", "Events of the channel, by what became of them.", ["outcome"])
EVENTS_OUT = Counter("callboard_events_out", "Events sent to browsers, one for each of them.", ["event"])
EVENT_AGE = Histogram(
    "callboard_event_age_seconds", "From an event's arrival until it was passed on.", buckets=EVENT_AGES
)
SYNC_SECONDS = Histogram(
    "callboard_sync_seconds",
    "How long a reading of the list took, by how it ended.",
    ["outcome"],
    buckets=READING_TIMES,
)
SYNC_CALLS = Gauge("callboard_sync_calls", "Calls that the last reading got.", multiprocess_mode="mostrecent")
# Kept when its process ends: the list is as old as it is, whoever read it.
SYNCED_AT = Gauge(
    "callboard_synced_timestamp_seconds",
    "When the list was last read whole, in seconds since 1970; 0 if never.",
    multiprocess_mode="max",
)
LEADER = Gauge("callboard_leader", "Processes that listen and synchronise.", multiprocess_mode="livesum")
LINK_LIVE = Gauge("callboard_link_live", "1 while live updates miss nothing.", multiprocess_mode="livemax")
LINK_CHANGES = Counter("callboard_link_changes", "What the link to the events became.", ["state"])
FEED_CHANGES = Counter("callboard_feed_changes", "Changes put into the feed.", ["kind"])
FEED_EPOCHS = Counter("callboard_feed_epochs", "Times that every page had to be read again.")

# Told as 0 from the start: what springs into being at 1 shows no increase.
KNOWN = {
    REFRESHES: ("renewed", "refused", "failed"),
    EVENTS_IN: ("add", "update", "unchanged", "malformed", "foreign", "dropped", "failed"),
    SYNC_SECONDS: ("whole",),
    LINK_CHANGES: ("live", "reconnecting", "offline"),
    FEED_CHANGES: ("add", "update", "remove"),
}
for _metric, _labels in KNOWN.items():
    for _label in _labels:
        _metric.labels(_label)


@contextmanager
def upstream(endpoint: str) -> Iterator[None]:
    """Measure one try of the API by the name of its method, and count what it raises."""
    began = monotonic()
    try:
        yield
    except Exception as error:
        UPSTREAM_ERRORS.labels(endpoint, type(error).__name__).inc()
        raise
    finally:
        UPSTREAM_SECONDS.labels(endpoint).observe(monotonic() - began)


@contextmanager
def reading() -> Iterator[None]:
    """Measure one reading of the list; what ends it early is its outcome."""
    began, outcome = monotonic(), "whole"
    try:
        yield
    except Exception as error:
        outcome = type(error).__name__
        raise
    finally:
        SYNC_SECONDS.labels(outcome).observe(monotonic() - began)


def read_whole(call_count: int, began_at: datetime) -> None:
    """A reading that began then got the whole list, of so many calls."""
    SYNC_CALLS.set(call_count)
    SYNCED_AT.set(began_at.timestamp())


def text() -> bytes:
    """Every metric of every process, in Prometheus's text format, which CONTENT_TYPE names."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if directory is None:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]  # has no types
    registry.register(Processes(directory))
    return generate_latest(registry)
