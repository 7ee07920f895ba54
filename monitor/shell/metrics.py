"""What ``/metrics`` shows: the outcome totals of the partitions that this worker owns.

Rule: totals belong to partitions, not to processes. They carry the label ``partition``, are shown
by the partition's owner only, and go when it goes; rules read them as the highest of all workers
(``max without(instance)``), so that a move from worker to worker counts nothing twice.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from monitor.core.catalogue import METRICS, Metric
from monitor.core.lengths import spell
from monitor.core.moments import seconds
from monitor.shell.labels import Shown
from monitor.shell.page import (
    PARTITION,
    WATERMARK,
    Exemplar,
    PartitionPage,
    encoder_for,
    head_of,
    sample,
)
from monitor.shell.partition import EXEMPLIFIED
from monitor.shell.publish import keyed_hash
from monitor.shell.settings import LABEL_VALUES_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client.core import Metric as Family

    from monitor.core.policy import Policy
    from monitor.core.totals import Labels
    from monitor.shell.partition import OwnedPartition

LAG = "cx_monitor_lag_seconds"
BUILD = "cx_monitor_build_info"
RELEASE = "version"
_OPENMETRICS = "application/openmetrics-text"
_OVERFLOW = Metric(
    "cx_label_overflow_total",
    ("label",),
    "Counts that are shown under __other__, because the value of this label is not shown.",
)
_SERIES = Metric("cx_monitor_series", (), "Lines of outcome totals on this page.", kind="gauge")


class Exposition:
    """Renders the metrics of one worker."""

    def __init__(
        self,
        policy: Policy,
        owned: Callable[[], Mapping[int, OwnedPartition]],
        *collectors: Collector,
        shown: Shown | None = None,
        hash_key: bytes = b"",
    ) -> None:
        """``owned`` gives the partitions owned at the moment, by number."""
        self._policy = policy
        self._owned = owned
        self._shown = shown or Shown({}, LABEL_VALUES_MAX)
        self._hash_key = hash_key
        self._pages: dict[int, PartitionPage] = {}
        self._registry = CollectorRegistry()
        for collector in (_Health(policy, owned), *collectors):
            self._registry.register(collector)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def negotiate(self, accept: str) -> str:
        """The content type of a page for this scraper."""
        return encoder_for(accept)[1]

    def pieces(self, accept: str) -> Iterator[str]:
        """The page in the format that the scraper accepts, in pieces of a bounded size."""
        encode, content_type = encoder_for(accept)
        openmetrics = content_type.startswith(_OPENMETRICS)
        owned = dict(sorted(self._owned().items()))
        pages = self._pages_of(owned)
        for page in pages:
            for _ in page.foresee():
                yield ""
        lines = 0
        for metric in METRICS.values():
            yield head_of(metric, openmetrics=openmetrics)
            hot = openmetrics and metric.name in EXEMPLIFIED
            for page, partition in zip(pages, owned.values(), strict=True):
                for piece in page.lines(metric, self._hidden(partition) if hot else {}):
                    lines += piece.count("\n")
                    yield piece
        yield head_of(_SERIES, openmetrics=openmetrics) + f"{_SERIES.name} {lines}\n"
        yield head_of(_OVERFLOW, openmetrics=openmetrics)
        yield from self._hidden_counts()
        # Few lines, and the last ones: in OpenMetrics they end with the mark of the end.
        yield encode(self._registry).decode()

    def _hidden_counts(self) -> Iterator[str]:
        for number, page in self._pages.items():
            for label, hidden in page.overflow().items():
                line = sample(_OVERFLOW.name, (("label", label), (PARTITION, str(number))))
                yield f"{line}{hidden}\n"

    def _pages_of(self, owned: Mapping[int, OwnedPartition]) -> list[PartitionPage]:
        known, self._pages = self._pages, {}
        for number, partition in owned.items():
            page = known.get(number)
            if page is None or page.tracker is not partition.tracker:
                page = PartitionPage(number, partition.tracker, self._policy, self._shown)
            self._pages[number] = page
        return list(self._pages.values())

    def _hidden(self, partition: OwnedPartition) -> dict[tuple[str, Labels], Exemplar]:
        return {
            cell: Exemplar(keyed_hash(self._hash_key, journey), at)
            for cell, (journey, at) in partition.examples.items()
        }


class Distance(Collector):
    """How far the worker is from the ends of its topics, and how many partitions there are."""

    def __init__(
        self, partitions: int, lags: Callable[[], Mapping[tuple[str, int], float]]
    ) -> None:
        """``partitions`` are those of each topic, whoever owns them."""
        self._partitions = partitions
        self._lags = lags

    def collect(self) -> Iterator[Family]:
        """Both families."""
        lag = GaugeMetricFamily(
            LAG,
            "How long records of a topic have waited to be read; 0 at its end.",
            labels=["topic", PARTITION],
        )
        for (topic, number), late in self._lags().items():
            lag.add_metric([topic, str(number)], late)
        yield lag
        yield GaugeMetricFamily(
            "cx_monitor_partitions",
            "Partitions of each topic, as the worker is set up.",
            value=self._partitions,
        )


class _Health(Collector):
    def __init__(self, policy: Policy, owned: Callable[[], Mapping[int, OwnedPartition]]) -> None:
        self._policy = policy
        self._owned = owned

    def collect(self) -> Iterator[Family]:
        trackers = {number: one.tracker for number, one in sorted(self._owned().items())}
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
        for number, tracker in trackers.items():
            watermark.add_metric([str(number)], seconds(tracker.watermark))
            entries.add_metric([str(number)], len(tracker.customers))
            hot.add_metric([str(number)], len(tracker.customers.hot))
        yield from (watermark, entries, hot)
        yield self._bucket_widths()
        build = GaugeMetricFamily(
            BUILD, "1, with the release that the worker runs.", labels=[RELEASE]
        )
        build.add_metric([version("outcome-monitor")], 1)
        yield build

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
