"""The memory, processor time and open files of each process that serves, as the system tells them.

prometheus_client tells them of a process alone, and not at all where several are counted together.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from prometheus_client import Metric
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
