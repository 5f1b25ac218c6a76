"""Every Prometheus metric of the application, and their exposition for /metrics.

With PROMETHEUS_MULTIPROC_DIR, which has to be set before prometheus_client is imported, each process writes
its metrics to files in that directory, and any process answers for all of them. prometheus_client leaves out
memory, CPU and open files then; ProcessMetrics adds them. Label values are names from the source code, never
user input.
"""

import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

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

from aircall import VERSION

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# Seconds. The API's deadline is 7.
ANSWER_TIMES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
EVENT_AGES = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SYNC_TIMES = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
# prometheus_client's file of a process, with its pid at the end; it exists while the process lives.
PROCESS_FILE_PREFIX, PROCESS_FILES = "gauge_livesum_", "gauge_livesum_*.db"

REQUESTS = Counter("callboard_requests", "HTTP requests answered.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "callboard_request_seconds", "Time to the last byte of an answer.", ["route"], buckets=ANSWER_TIMES
)
UPSTREAM_SECONDS = Histogram(
    "callboard_upstream_seconds", "Duration of each attempt at the API.", ["endpoint"], buckets=ANSWER_TIMES
)
UPSTREAM_ERRORS = Counter("callboard_upstream_errors", "Failed attempts at the API.", ["endpoint", "error"])
REFRESHES = Counter("callboard_token_refreshes", "Token refreshes.", ["outcome"])
SOCKETS = Gauge("callboard_open_sockets", "Open Socket.IO connections of pages.", multiprocess_mode="livesum")
EVENTS_IN = Counter("callboard_events_in", "Pusher events, by what became of them.", ["outcome"])
EVENTS_OUT = Counter("callboard_events_out", "Socket.IO events, one for each page.", ["event"])
EVENT_AGE = Histogram(
    "callboard_event_age_seconds",
    "Time from the arrival of a Pusher event until it was applied.",
    buckets=EVENT_AGES,
)
SYNC_SECONDS = Histogram(
    "callboard_sync_seconds", "Duration of full syncs, by how they ended.", ["outcome"], buckets=SYNC_TIMES
)
SYNC_CALLS = Gauge("callboard_sync_calls", "Calls in the latest full sync.", multiprocess_mode="mostrecent")
SYNC_LEFT_OUT = Gauge(
    "callboard_sync_left_out",
    "Calls of the latest full sync that could not be read or stored.",
    multiprocess_mode="mostrecent",
)
# `max` also counts ended processes: the replica is as fresh as the latest sync of any of them.
SYNCED_AT = Gauge(
    "callboard_synced_timestamp_seconds",
    "Unix time at which the latest complete full sync began; 0 before the first one.",
    multiprocess_mode="max",
)
LEADER = Gauge("callboard_leader", "Processes that sync and listen to Pusher.", multiprocess_mode="livesum")
LINK_LIVE = Gauge("callboard_link_live", "1 while the link to Pusher is live.", multiprocess_mode="livemax")
LINK_CHANGES = Counter("callboard_link_changes", "State changes of the link to Pusher.", ["state"])
FEED_CHANGES = Counter("callboard_feed_changes", "Changes published on the change feed.", ["kind"])
FEED_EPOCHS = Counter("callboard_feed_epochs", "New epochs of the change feed: every page is read again.")

# `livemax` has no label for the process.
BUILD_INFO = Gauge(
    "callboard_build_info", "1, by the version that runs.", ["version"], multiprocess_mode="livemax"
)
BUILD_INFO.labels(VERSION).set(1)

# Initialize label values to 0; `increase()` misses a counter that first appears as 1.
LABEL_VALUES = {
    REFRESHES: ("renewed", "refused", "failed"),
    EVENTS_IN: ("add", "update", "unchanged", "malformed", "foreign", "dropped", "failed"),
    SYNC_SECONDS: ("whole",),
    LINK_CHANGES: ("live", "reconnecting", "offline"),
    FEED_CHANGES: ("add", "update", "remove"),
}
for _metric, _values in LABEL_VALUES.items():
    for _value in _values:
        _metric.labels(_value)


def text() -> bytes:
    """Return the metrics of all processes in Prometheus's text format; the media type is CONTENT_TYPE."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if directory is None:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]  # has no types
    registry.register(ProcessMetrics(directory))
    return generate_latest(registry)


class ProcessMetrics(Collector):
    """Memory, CPU time and open files of each process with a file in this directory, labeled by `pid`."""

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory)

    def collect(self) -> Iterable[Metric]:
        """Return the metrics, with one sample for each process."""
        metrics: dict[str, Metric] = {}
        for pid in self._pids():
            for metric in ProcessCollector("callboard", partial(str, pid), registry=None).collect():
                merged = metrics.setdefault(
                    metric.name, Metric(metric.name, metric.documentation, metric.type)
                )
                for sample in metric.samples:
                    merged.add_sample(sample.name, {"pid": pid}, sample.value)
        return metrics.values()

    def _pids(self) -> Iterator[str]:
        files = sorted(self._directory.glob(PROCESS_FILES))
        return (path.stem.removeprefix(PROCESS_FILE_PREFIX) for path in files)
