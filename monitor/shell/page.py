"""The outcome totals of owned partitions as text, written from plain numbers.

The text of a line up to its number never changes, so it is made once and kept. A page is given in
pieces of bounded size: between two of them the event loop may do something else, so a scrape is
no snapshot over families, as one of several workers never is. Each line is true when it is written.
"""

from __future__ import annotations

from itertools import accumulate, islice
from typing import TYPE_CHECKING, NamedTuple

from monitor.core.catalogue import METRICS
from monitor.core.moments import seconds
from monitor.core.reading import AT_RISK, EXPOSURE, edges_of, in_unit
from monitor.core.zeros import Zeros
from monitor.shell.labels import OTHER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from monitor.core.catalogue import Metric
    from monitor.core.policy import Policy
    from monitor.core.totals import Labels
    from monitor.core.tracker import Tracker
    from monitor.shell.labels import Shown

PARTITION = "partition"
WATERMARK = "cx_monitor_watermark_timestamp_seconds"
_LINES = 500
_FORESEEN = 100
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Exemplar(NamedTuple):
    """A journey that was counted, under the name that it is published by, and when."""

    journey: str
    at: float


def head_of(metric: Metric, *, openmetrics: bool) -> str:
    """What is said of a metric before its lines."""
    counter = metric.kind == "counter"
    name = metric.name.removesuffix("_total") if openmetrics and counter else metric.name
    told = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {told}\n# TYPE {name} {metric.kind}\n"


def sample(name: str, labels: Iterable[tuple[str, str]]) -> str:
    """The text of a line, up to its number."""
    inside = ",".join(f'{label}="{value.translate(_ESCAPED)}"' for label, value in labels)
    return f"{name}{{{inside}}} " if inside else f"{name} "


class PartitionPage:
    """The lines of one partition, as long as the same tracker holds it."""

    def __init__(
        self,
        number: int,
        tracker: Tracker,
        policy: Policy,
        shown: Shown,
        more: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Nothing is written before it is asked for; ``more`` labels are those of every line."""
        self.tracker = tracker
        self._last = ((PARTITION, str(number)), *more)
        self._shown = shown
        self._zeros = Zeros(policy, tracker.totals)
        self._lines: dict[str, dict[Labels, str]] = {name: {} for name in METRICS}
        #: The cells that share a line, because one of their labels is not shown.
        self._shared: dict[str, dict[str, list[Labels]]] = {name: {} for name in METRICS}
        self._read: dict[str, int] = {}
        self._buckets: dict[tuple[str, str], list[str]] = {}

    def foresee(self) -> Iterator[None]:
        """Write a line for each counter that will be needed; stops after each hundred of them."""
        for number, (name, labels) in enumerate(self._zeros.news(), start=1):
            if labels not in self._lines[name]:
                self._line(METRICS[name], labels)
            if number % _FORESEEN == 0:
                yield

    def lines(
        self, metric: Metric, exemplars: Mapping[tuple[str, Labels], Exemplar]
    ) -> Iterator[str]:
        """The lines of one metric, in pieces; exemplars only where the format has them."""
        if metric.kind == "histogram":
            yield from self._histogram(metric)
            return
        cells, value = self._source(metric)
        if metric.kind == "gauge" and metric.name != AT_RISK:
            self._lines[metric.name].clear()  # its cells come and go, and are few
            self._shared[metric.name].clear()
            self._read[metric.name] = 0
        for _ in self._learn(metric, cells):
            yield ""
        kept, shared = self._lines[metric.name], self._shared[metric.name]
        own = [(labels, line) for labels, line in kept.items() if line not in shared]
        for start in range(0, len(own), _LINES):
            piece = own[start : start + _LINES]
            if exemplars:
                yield "".join(
                    f"{line}{value(labels)}{_exemplar(exemplars.get((metric.name, labels)))}\n"
                    for labels, line in piece
                )
            else:
                yield "".join([f"{line}{value(labels)}\n" for labels, line in piece])
        for line, sharing in shared.items():
            yield f"{line}{sum(value(labels) for labels in sharing)}\n"

    def overflow(self) -> dict[str, int]:
        """How often each label was counted under ``__other__``, over all counters of things."""
        hidden: dict[str, int] = {}
        for name, shared in self._shared.items():
            metric = METRICS[name]
            if metric.kind != "counter" or metric.unit:
                continue
            cells = self.tracker.totals.counts.get(name, {})
            for sharing in shared.values():
                for labels in sharing:
                    for label, value in zip(metric.labels, labels, strict=True):
                        if self._shown.value(label, value) == OTHER:
                            hidden[label] = hidden.get(label, 0) + cells.get(labels, 0)
        return hidden

    def _source(self, metric: Metric) -> tuple[Mapping[Labels, object], Callable[[Labels], float]]:
        """The cells of a metric, and how the number of one is read."""
        totals = self.tracker.totals
        if metric.name == AT_RISK:
            at_risk = totals.at_risk()
            return at_risk, lambda labels: at_risk[labels]
        if metric.name == EXPOSURE:
            return totals.risk, self._exposure
        cells = totals.counts.get(metric.name, {})
        if metric.unit:
            return cells, lambda labels: in_unit(metric, cells.get(labels, 0))
        return cells, lambda labels: cells.get(labels, 0)

    def _exposure(self, labels: Labels) -> float:
        n, offset = self.tracker.totals.risk[labels]
        return seconds(offset + n * self.tracker.watermark)

    def _learn(self, metric: Metric, cells: Mapping[Labels, object]) -> Iterator[None]:
        """Make the lines of new cells; counters are never removed, so these are the last."""
        read, kept = self._read.get(metric.name, 0), self._lines[metric.name]
        for labels in list(islice(cells, read, None)):
            read += 1
            if labels not in kept:
                self._line(metric, labels)
            if read % _FORESEEN == 0:
                yield
        self._read[metric.name] = read

    def _line(self, metric: Metric, labels: Labels) -> None:
        told = self._told(metric, labels)
        line = sample(metric.name, told)
        self._lines[metric.name][labels] = line
        if any(value == OTHER for _, value in told):
            self._shared[metric.name].setdefault(line, []).append(labels)

    def _told(self, metric: Metric, labels: Labels) -> list[tuple[str, str]]:
        shown = self._shown
        own = [
            (name, shown.value(name, value))
            for name, value in zip(metric.labels, labels, strict=True)
        ]
        return [*own, *self._last]

    def _histogram(self, metric: Metric) -> Iterator[str]:
        # What shares a line is added up first: the counts, and the sum of all values at the end.
        cells: dict[str, list[int]] = {}
        for labels, cell in self.tracker.totals.observed.get(metric.name, {}).items():
            lines = self._lines[metric.name]
            if labels not in lines:
                lines[labels] = sample("", self._told(metric, labels))
            key = lines[labels]
            known = cells.get(key)
            cells[key] = cell if known is None else [*map(sum, zip(known, cell, strict=True))]
        for key, (*counts, amount) in cells.items():
            names = self._buckets.get((metric.name, key))
            if names is None:
                names = self._buckets[metric.name, key] = _bucket_lines(metric, key)
            values = (*accumulate(counts), in_unit(metric, amount), sum(counts))
            yield "".join([f"{name}{value}\n" for name, value in zip(names, values, strict=True)])


def _bucket_lines(metric: Metric, key: str) -> list[str]:
    inside = key.strip()[1:-1]
    return [
        *(f'{metric.name}_bucket{{{inside},le="{edge}"}} ' for edge in edges_of(metric)),
        f"{metric.name}_sum{{{inside}}} ",
        f"{metric.name}_count{{{inside}}} ",
    ]


def _exemplar(exemplar: Exemplar | None) -> str:
    if exemplar is None:
        return ""
    return f' # {{journey="{exemplar.journey}"}} 1 {exemplar.at:.3f}'
