"""The totals as anybody outside sees them: numbers by metric and labels.

A tracker's totals and a scrape of ``/metrics`` give the same reading, so what is computed from
one can be computed from the other, and the two can be held against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.moments import seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.core.moments import Moment
    from monitor.core.totals import Labels, Totals

Reading = dict[str, dict[tuple[str, ...], float]]

EXPOSURE = "cx_resolution_exposure_seconds_total"
AT_RISK = "cx_resolutions_at_risk"


def reading_of(totals: Totals, at: Moment) -> Reading:
    """The totals of a partition when its event time has come to ``at``."""
    reading: Reading = {name: dict(cells) for name, cells in totals.counts.items()}
    if totals.risk:
        reading[EXPOSURE], reading[AT_RISK] = {}, {}
    for labels, exposure, n in totals.exposure(at):
        reading[EXPOSURE][labels] = seconds(exposure)
        reading[AT_RISK][labels] = n
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
