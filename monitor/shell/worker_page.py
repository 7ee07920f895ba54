"""What a worker's ``/metrics`` page says of the worker itself."""

from __future__ import annotations

from collections import defaultdict

from prometheus_client.parser import text_string_to_metric_families

from monitor.shell.page import PARTITION, WATERMARK


class WorkerPage:
    """The samples of one page, by their names."""

    def __init__(self, base: str, text: str) -> None:
        """Read a page in the text format. ``base`` is the address of its worker."""
        self.base = base
        self._samples: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples[sample.name].append((sample.labels, sample.value))

    def one(self, name: str) -> float | None:
        """The first sample of this name."""
        return next((value for _, value in self._samples[name]), None)

    def most(self, name: str, label: str) -> dict[str, float]:
        """The largest sample of this name for each value of a label."""
        found: dict[str, float] = {}
        for labels, value in self._samples[name]:
            found[labels[label]] = max(value, found.get(labels[label], value))
        return found

    def sums(self, name: str, label: str) -> dict[str, float]:
        """The samples of this name, added up for each value of a label."""
        found: dict[str, float] = defaultdict(float)
        for labels, value in self._samples[name]:
            found[labels[label]] += value
        return found

    def partitions(self) -> set[int]:
        """The partitions that the worker has."""
        return {int(labels[PARTITION]) for labels, _ in self._samples[WATERMARK]}
