"""Reads a worker's ``/metrics`` page back into the numbers that it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from monitor.core.catalogue import METRICS
from monitor.core.reading import names_of
from monitor.shell.page import PARTITION, WATERMARK

if TYPE_CHECKING:
    from monitor.core.reading import Reading


_LABELS = {name: labels for metric in METRICS.values() for name, labels in names_of(metric).items()}


def reading_from(page: str) -> Reading:
    """The outcome totals on a page in the text format, summed over partitions.

    A counter that is shown at 0 has counted nothing yet; it is left out, as in the totals.
    """
    reading: Reading = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            names = _LABELS.get(sample.name)
            unborn = family.type == "counter" and not sample.value
            if names is None or unborn:
                continue
            labels = tuple(sample.labels[name] for name in names)
            cells = reading.setdefault(sample.name, {})
            cells[labels] = cells.get(labels, 0) + sample.value
    return reading


def watermarks_from(page: str) -> dict[int, float]:
    """How far event time has come in each partition, in seconds since 1970."""
    return {
        int(sample.labels[PARTITION]): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == WATERMARK
    }
