"""What ``/metrics`` shows: the outcome totals of the partitions that this worker owns.

Rule: totals belong to partitions, not to processes. They carry the label ``partition``, are shown
by the partition's owner only, and go when it goes; rules read them as the highest of all workers
(``max without(instance)``), so that a move from worker to worker counts nothing twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from monitor.core.catalogue import METRICS
from monitor.core.lengths import spell
from monitor.core.moments import seconds
from monitor.core.reading import edges_of, reading_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client.core import Metric as Family

    from monitor.core.catalogue import Metric
    from monitor.core.policy import Policy
    from monitor.core.reading import Reading
    from monitor.core.tracker import Tracker

PARTITION = "partition"
WATERMARK = "cx_monitor_watermark_timestamp_seconds"


class Exposition:
    """Renders the metrics of one worker."""

    def __init__(self, policy: Policy, trackers: Callable[[], Mapping[int, Tracker]]) -> None:
        """``trackers`` gives the trackers of the partitions owned at the moment, by number."""
        self._registry = CollectorRegistry()
        self._registry.register(_Outcomes(policy, trackers))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def render(self, accept: str) -> tuple[bytes, str]:
        """The page in the format that the scraper accepts, and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


class _Outcomes(Collector):
    def __init__(self, policy: Policy, trackers: Callable[[], Mapping[int, Tracker]]) -> None:
        self._policy = policy
        self._trackers = trackers

    def collect(self) -> Iterator[Family]:
        trackers = dict(self._trackers())
        yield from self._totals(trackers)
        yield from self._health(trackers)
        yield self._bucket_widths()

    def _totals(self, trackers: Mapping[int, Tracker]) -> Iterator[Family]:
        readings = {
            number: reading_of(tracker.totals, tracker.watermark)
            for number, tracker in sorted(trackers.items())
        }
        for metric in METRICS.values():
            show = _histogram if metric.kind == "histogram" else _values
            yield show(metric, readings)

    def _health(self, trackers: Mapping[int, Tracker]) -> Iterator[Family]:
        watermark = GaugeMetricFamily(
            WATERMARK,
            "How far the event time of a partition has come.",
            labels=[PARTITION],
        )
        entries = GaugeMetricFamily(
            "cx_monitor_state_entries", "Customers of whom something is known.", labels=[PARTITION]
        )
        hot = GaugeMetricFamily(
            "cx_monitor_state_hot_entries", "Those of them who are decoded.", labels=[PARTITION]
        )
        for number, tracker in sorted(trackers.items()):
            watermark.add_metric([str(number)], seconds(tracker.watermark))
            entries.add_metric([str(number)], len(tracker.customers))
            hot.add_metric([str(number)], len(tracker.customers.hot))
        yield from (watermark, entries, hot)

    def _bucket_widths(self) -> Family:
        family = GaugeMetricFamily(
            "cx_age_bucket_seconds",
            "Width of each age bucket that a horizon spans; constant, for use in rules.",
            labels=["age", "horizon"],
        )
        edges = self._policy.age_edges
        for horizon in self._policy.horizons:
            for index, age in enumerate(self._policy.ages):
                if edges[index + 1] <= horizon:
                    width = seconds(edges[index + 1] - edges[index])
                    family.add_metric([age, spell(horizon)], width)
        return family


def _values(metric: Metric, readings: Mapping[int, Reading]) -> Family:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=[*metric.labels, PARTITION])
    for number, reading in readings.items():
        for labels, value in reading.get(metric.name, {}).items():
            family.add_metric([*labels, str(number)], value)
    return family


def _histogram(metric: Metric, readings: Mapping[int, Reading]) -> Family:
    labels_of = [*metric.labels, PARTITION]
    family = HistogramMetricFamily(metric.name, metric.help, labels=labels_of)
    edges = edges_of(metric)
    for number, reading in readings.items():
        for labels, amount in reading.get(f"{metric.name}_sum", {}).items():
            counts = reading[f"{metric.name}_bucket"]
            buckets = [(edge, counts[*labels, edge]) for edge in edges]
            family.add_metric([*labels, str(number)], buckets, amount)
    return family
