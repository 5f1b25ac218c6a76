"""What a dashboard tells Prometheus, read as Prometheus reads it."""

from collections.abc import Iterator
from dataclasses import dataclass

import requests
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

# Processes that have just been started answer late on a busy machine (seconds).
TIMEOUT = 30.0


@dataclass(frozen=True)
class Exposition:
    """One answer of /metrics."""

    families: list[Metric]

    def total(self, sample_name: str, **labels: str) -> float:
        """The sum of all samples of this name that have these labels."""
        return sum(
            sample.value for sample in self._samples(sample_name) if labels.items() <= sample.labels.items()
        )

    def label_values(self, sample_name: str, label: str) -> set[str]:
        return {sample.labels[label] for sample in self._samples(sample_name)}

    @property
    def sample_names(self) -> set[str]:
        """The names that a query can ask for."""
        return {sample.name for family in self.families for sample in family.samples}

    def _samples(self, name: str) -> Iterator[Sample]:
        return (sample for family in self.families for sample in family.samples if sample.name == name)


def scrape(address: str) -> Exposition:
    """The metrics of the dashboard at this address, asked for as from the same machine."""
    answer = requests.get(f"{address}/metrics", timeout=TIMEOUT)
    assert answer.status_code == 200, answer.text
    return Exposition(list(text_string_to_metric_families(answer.text)))
