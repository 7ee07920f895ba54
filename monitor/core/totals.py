"""The outcome totals of one partition: monotone counts, and exposure that grows by itself.

A claim on trial adds a second of exposure each second. Instead of ticking, an exposure cell
keeps ``n`` claims at risk and ``offset``, the sum of all moments at which claims left minus all
at which they entered; at any moment ``m`` the exposure is ``offset + n * m``, exactly.

A histogram's cell is a list: how many values fell into each bucket, how many lay above the last
edge, and the sum of all of them. Values are whole numbers, so sums are exact in any order.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from monitor.core.catalogue import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from monitor.core.moments import Moment

Labels = tuple[str, ...]


class Totals:
    """Counts by metric and labels. ``touched`` names the metrics changed since it was cleared."""

    __slots__ = ("counts", "observed", "risk", "touched")

    def __init__(self) -> None:
        """Start from nothing."""
        self.counts: dict[str, dict[Labels, int]] = {}
        self.observed: dict[str, dict[Labels, list[int]]] = {}
        self.risk: dict[Labels, tuple[int, Moment]] = {}
        self.touched: set[str] = set()

    def add(self, name: str, *labels: str) -> None:
        """Count one. The labels come in the order that the catalogue gives."""
        try:
            self.counts[name][labels] += 1
        except KeyError:
            self._begin(name, labels)[labels] = 1
        self.touched.add(name)

    def shift(self, name: str, by: int, *labels: str) -> None:
        """Move a gauge up or down, or a counter of time on."""
        try:
            self.counts[name][labels] += by
        except KeyError:
            self._begin(name, labels)[labels] = by
        self.touched.add(name)

    def drop(self, name: str, *labels: str) -> None:
        """Show a cell of a gauge no more, for there is nothing to say of it."""
        del self.counts[name][labels]
        self.touched.add(name)

    def observe(self, name: str, value: int, *labels: str) -> None:
        """Put one value into a histogram; it belongs to the first bucket it does not exceed."""
        if value < 0:
            raise ValueError(f"{name} cannot observe {value}: counts and lengths are not negative")
        edges = METRICS[name].buckets
        try:
            cell = self.observed[name][labels]
        except KeyError:
            check_labels(name, [labels])
            cell = [0] * (len(edges) + 2)
            self.observed.setdefault(name, {})[labels] = cell
        cell[bisect_left(edges, value)] += 1
        cell[-1] += value
        self.touched.add(name)

    def _begin(self, name: str, labels: Labels) -> dict[Labels, int]:
        """The counts of a metric in which nothing was counted with these labels yet."""
        check_labels(name, [labels])
        return self.counts.setdefault(name, {})

    def get(self, name: str, *labels: str) -> int:
        """One count; zero where nothing was counted."""
        return self.counts.get(name, {}).get(labels, 0)

    def enter(self, labels: Labels, at: Moment) -> None:
        """A claim comes under observation in a cell (bound, age, version, intent group)."""
        n, offset = self.risk.get(labels, (0, 0))
        self.risk[labels] = (n + 1, offset - at)
        self.touched.add("risk")

    def leave(self, labels: Labels, at: Moment) -> None:
        """A claim leaves a cell, for the next one or for good."""
        n, offset = self.risk[labels]
        self.risk[labels] = (n - 1, offset + at)
        self.touched.add("risk")

    def exposure(self, at: Moment) -> Iterator[tuple[Labels, Moment, int]]:
        """For each cell: its labels, its exposure up to a moment, and its claims at risk."""
        for labels, (n, offset) in self.risk.items():
            yield labels, offset + n * at, n

    def at_risk(self) -> dict[Labels, int]:
        """The claims under observation now, of all intent groups together."""
        claims: dict[Labels, int] = {}
        for labels, (n, _) in self.risk.items():
            cell = labels[:-1]
            claims[cell] = claims.get(cell, 0) + n
        return claims


def check_labels(name: str, cells: Iterable[Labels]) -> None:
    """See that cells have the labels of a metric.

    Raises:
        ValueError: they have more or fewer.
    """
    for labels in cells:
        if len(METRICS[name].labels) != len(labels):
            raise ValueError(f"{name} has the labels {METRICS[name].labels}, not {labels}")
