"""The totals as anybody outside sees them: numbers by metric and labels.

A tracker's totals and a scrape of ``/metrics`` give the same reading, so what is computed from
one can be computed from the other, and the two can be held against each other.

A histogram reads as Prometheus has it: under ``<name>_bucket`` how many values were at most
``le``, which comes after the other labels, and under ``<name>_sum`` and ``<name>_count`` the rest.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from monitor.core.catalogue import METRICS
from monitor.core.moments import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from monitor.core.catalogue import Metric
    from monitor.core.moments import Moment
    from monitor.core.totals import Labels, Totals

Reading = dict[str, dict[tuple[str, ...], float]]

EXPOSURE = "cx_resolution_exposure_seconds_total"
AT_RISK = "cx_resolutions_at_risk"


def reading_of(totals: Totals, at: Moment, only: Container[str] | None = None) -> Reading:
    """The totals of a partition when its event time has come to ``at``.

    ``only`` some names, for who asks often; of a histogram all or nothing is read.
    """
    reading: Reading = {
        name: {labels: in_unit(METRICS[name], value) for labels, value in cells.items()}
        for name, cells in totals.counts.items()
        if only is None or name in only
    }
    for name, histogram in totals.observed.items():
        if only is None or f"{name}_sum" in only:
            reading |= _histogram(METRICS[name], histogram)
    if totals.risk:
        exposed = totals.exposure(at)
        reading[EXPOSURE] = {labels: seconds(exposure) for labels, exposure, _ in exposed}
        reading[AT_RISK] = dict(totals.at_risk())
    return reading


def in_unit(metric: Metric, value: int) -> float:
    """A value as it is shown: lengths of time in seconds."""
    return seconds(value) if metric.unit == "seconds" else value


def edges_of(metric: Metric) -> tuple[str, ...]:
    """The values that the label ``le`` of a histogram takes."""
    return (*(str(float(in_unit(metric, edge))) for edge in metric.buckets), "+Inf")


def names_of(metric: Metric) -> dict[str, tuple[str, ...]]:
    """The names under which a metric is read, each with its labels."""
    if metric.kind != "histogram":
        return {metric.name: metric.labels}
    return {
        f"{metric.name}_bucket": (*metric.labels, "le"),
        f"{metric.name}_sum": metric.labels,
        f"{metric.name}_count": metric.labels,
    }


def _histogram(metric: Metric, cells: dict[Labels, list[int]]) -> Reading:
    reading: Reading = {name: {} for name in names_of(metric)}
    buckets, sums, numbers = reading.values()
    edges = edges_of(metric)
    for labels, (*counts, amount) in cells.items():
        buckets |= {(*labels, edge): n for edge, n in zip(edges, accumulate(counts), strict=True)}
        sums[labels] = in_unit(metric, amount)
        numbers[labels] = sum(counts)
    return reading


def total(reading: Reading, name: str, where: Callable[[Labels], bool] | None = None) -> float:
    """The sum of a metric's cells, or of those that ``where`` picks."""
    cells = reading.get(name, {})
    return sum(value for labels, value in cells.items() if where is None or where(labels))


def by(reading: Reading, name: str, *positions: int) -> dict[str, float]:
    """A metric summed to one or more of its labels, sorted, joined with ``/``."""
    sums: dict[str, float] = {}
    for labels, value in reading.get(name, {}).items():
        key = "/".join(labels[position] for position in positions)
        sums[key] = sums.get(key, 0) + value
    return dict(sorted(sums.items()))
